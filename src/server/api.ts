import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { attestationContent, withdrawalContent } from '../controls/sealed-attestation.ts';
import type { AgentView } from '../engine/view.ts';
import { createRemembered, type Remembered } from './remembered.ts';
import { get, noContent, none, post } from './route.ts';
import * as schemas from './schemas.ts';
import {
  controlId,
  list,
  logIndex,
  manifestName,
  moment,
  page,
  paging,
  runId,
  streamName,
  words,
} from './wire.ts';

const base = '/api/v1';

const within = {
  from: moment.optional().describe('The beginning of a period.'),
  to: moment.optional().describe('Its end, which is not part of it.'),
};

const period = z
  .strictObject(within)
  .refine(({ from, to }) => (from === undefined) === (to === undefined), {
    path: ['to'],
    message: 'expected `from` and `to` together',
  })
  .refine(({ from, to }) => from === undefined || to === undefined || !(from >= to), {
    path: ['to'],
    message: 'expected a time after `from`',
  });

/** Of checks, and of their deviations. */
const checkFilter = {
  severity: schemas.severity.optional(),
  control: controlId.optional().describe('Which it answers.'),
  theme: words.optional().describe('Of a control that it answers.'),
  owner: words.optional().describe('Of a control that it answers.'),
  collector: manifestName.optional().describe('Whose records it judges.'),
};

function addControls(app: FastifyInstance, view: AgentView, remembered: Remembered): void {
  get(app, {
    path: `${base}/controls`,
    role: 'viewer',
    tag: 'controls',
    summary: 'Controls with their status',
    params: none,
    query: z.strictObject({
      ...paging,
      status: schemas.controlStatus.optional(),
      theme: words.optional(),
      owner: words.optional(),
    }),
    response: page(schemas.control),
    remembered,
    handler: ({ query }) => view.controls(query),
  });
  get(app, {
    path: `${base}/controls/:id`,
    role: 'viewer',
    tag: 'controls',
    summary: 'One control, aspect by aspect; over a period, with `from` and `to`',
    params: z.strictObject({ id: controlId }),
    query: period,
    response: schemas.controlDetail,
    remembered,
    handler: ({ params, query: { from, to } }) =>
      view.control(params.id, from === undefined || to === undefined ? undefined : { from, to }),
    absent: 'there is no control with this id',
  });
  get(app, {
    path: `${base}/soa`,
    role: 'viewer',
    tag: 'controls',
    summary: 'The Statement of Applicability in force, whole',
    params: none,
    query: none,
    response: schemas.soa,
    remembered,
    handler: () => view.soa(),
  });
  get(app, {
    path: `${base}/scope`,
    role: 'viewer',
    tag: 'controls',
    summary: 'The scope statement (clause 4.3) and the sources configured',
    params: none,
    query: none,
    response: schemas.scope,
    handler: async () => (await view.scope()) ?? undefined,
    absent: 'no Scope manifest is configured',
  });
}

function addChecks(app: FastifyInstance, view: AgentView, remembered: Remembered): void {
  get(app, {
    path: `${base}/checks`,
    role: 'viewer',
    tag: 'checks',
    summary: 'Checks with their outcome',
    params: none,
    query: z.strictObject({
      ...paging,
      ...checkFilter,
      outcome: schemas.outcome.optional(),
    }),
    response: page(schemas.check),
    remembered,
    handler: ({ query }) => view.checks(query),
  });
  get(app, {
    path: `${base}/checks/:name`,
    role: 'viewer',
    tag: 'checks',
    summary: 'One check, with its condition and the records that fail or are unknown',
    params: z.strictObject({ name: manifestName }),
    query: none,
    response: schemas.checkDetail,
    handler: ({ params }) => view.check(params.name),
    absent: 'there is no check with this name',
  });
  get(app, {
    path: `${base}/deviations`,
    role: 'viewer',
    tag: 'checks',
    summary:
      'Deviations, open and closed; with `from` or `to`, those that stood open at some time in between',
    params: none,
    query: z.strictObject({
      ...paging,
      ...checkFilter,
      ...within,
      check: manifestName.optional(),
      state: schemas.deviationState.optional(),
    }),
    response: page(schemas.deviation),
    remembered,
    handler: ({ query }) => view.deviations(query),
  });
}

function addDecisions(app: FastifyInstance, view: AgentView): void {
  get(app, {
    path: `${base}/exceptions`,
    role: 'viewer',
    tag: 'decisions',
    summary: 'Exceptions: approved, expiring acceptances of deviations',
    params: none,
    query: z.strictObject(paging),
    response: page(schemas.exception),
    handler: ({ query }) => view.exceptions(query),
  });
  get(app, {
    path: `${base}/attestations`,
    role: 'viewer',
    tag: 'decisions',
    summary: 'Attestations: manual evidence for aspects of controls',
    params: none,
    query: z.strictObject(paging),
    response: page(schemas.attestation),
    handler: ({ query }) => view.attestations(query),
  });
  get(app, {
    path: `${base}/attestations/:name`,
    role: 'viewer',
    tag: 'decisions',
    summary: 'One attestation, with what it states',
    params: z.strictObject({ name: manifestName }),
    query: none,
    response: schemas.attestationDetail,
    handler: ({ params }) => view.attestation(params.name),
    absent: 'there is no attestation with this name',
  });
  post(app, {
    path: `${base}/attestations`,
    role: 'isms',
    tag: 'decisions',
    summary: 'Attest what was done or seen, as who is asking; it takes the place of one of the same name',
    params: none,
    content: attestationContent,
    status: 201,
    conflicts: true,
    response: schemas.attestation,
    handler: ({ content, caller }) => view.attest(content, caller.name),
    location: ({ name }) => `${base}/attestations/${name}`,
    what: ({ name, evidence }) => `attestation ${name}: entry ${evidence}`,
  });
  post(app, {
    path: `${base}/attestations/:name/withdrawal`,
    role: 'isms',
    tag: 'decisions',
    summary: 'Withdraw an attestation that was given here: it counts no more',
    params: z.strictObject({ name: manifestName }),
    content: withdrawalContent,
    status: 201,
    conflicts: true,
    response: schemas.attestation,
    handler: ({ params: { name }, content: { reason }, caller }) => view.withdraw(name, reason, caller.name),
    location: ({ name }) => `${base}/attestations/${name}`,
    what: ({ name, withdrawn }) => `withdrawal of ${name}: entry ${withdrawn?.evidence}`,
    absent: 'no attestation of this name was given here',
  });
}

function addCollection(app: FastifyInstance, view: AgentView): void {
  get(app, {
    path: `${base}/collectors`,
    role: 'viewer',
    tag: 'collection',
    summary: 'Collectors and how fresh the evidence of each dataset is',
    params: none,
    query: z.strictObject(paging),
    response: page(schemas.collector),
    handler: ({ query }) => view.collectors(query),
  });
  post(app, {
    path: `${base}/collectors/:name/runs`,
    role: 'operator',
    tag: 'collection',
    summary: 'Collect at once, without waiting for the schedule; what comes of it is under /runs',
    params: z.strictObject({ name: manifestName }),
    content: noContent,
    status: 202,
    response: z.strictObject({ collector: z.string(), datasets: list(schemas.demanded) }),
    handler: async ({ params: { name } }) => {
      const datasets = await view.collect(name);
      return datasets && { collector: name, datasets };
    },
    absent: 'nothing of this name is collected here',
  });
  get(app, {
    path: `${base}/runs`,
    role: 'viewer',
    tag: 'collection',
    summary: 'Runs of collectors',
    params: none,
    query: z.strictObject({ ...paging, ...within, collector: manifestName.optional() }),
    response: page(schemas.run),
    handler: ({ query }) => view.runs(query),
  });
  get(app, {
    path: `${base}/runs/:id`,
    role: 'viewer',
    tag: 'collection',
    summary: 'One run',
    params: z.strictObject({ id: runId }),
    query: none,
    response: schemas.run,
    handler: ({ params }) => view.run(params.id),
    absent: 'there is no run with this id',
  });
}

function addEvidence(app: FastifyInstance, view: AgentView): void {
  get(app, {
    path: `${base}/evidence`,
    role: 'auditor',
    sealed: true,
    tag: 'evidence',
    summary: 'Entries of the evidence log',
    params: none,
    query: z.strictObject({ ...paging, ...within, stream: streamName.optional() }),
    response: page(schemas.entry),
    handler: ({ query }) => view.evidence(query),
  });
  get(app, {
    path: `${base}/evidence/:index`,
    role: 'auditor',
    sealed: true,
    tag: 'evidence',
    summary: 'One entry, with its envelope and statement',
    params: z.strictObject({ index: logIndex }),
    query: none,
    response: schemas.entryDetail,
    handler: ({ params }) => view.entry(params.index),
    absent: 'the log has no entry with this index',
  });
  get(app, {
    path: `${base}/checkpoint`,
    role: 'viewer',
    tag: 'evidence',
    summary: 'The newest checkpoint of the evidence log',
    params: none,
    query: none,
    response: schemas.checkpoint,
    handler: () => view.checkpoint(),
  });
}

/** The API under /api/v1. */
export function addApi(app: FastifyInstance, view: AgentView): void {
  const remembered = createRemembered(() => view.revision());
  addControls(app, view, remembered);
  addChecks(app, view, remembered);
  addDecisions(app, view);
  addCollection(app, view);
  addEvidence(app, view);
}
