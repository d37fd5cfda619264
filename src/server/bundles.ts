import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { BundleJob, Bundles } from '../audit/jobs/contract.ts';
import { parseQuestion } from '../audit/question.ts';
import { addDownload } from './download.ts';
import { get, none, post, remove } from './route.ts';
import { controlId, instant, list, manifestName, moment, words } from './wire.ts';

const bundles = '/api/v1/bundles';
const links = '/api/v1/links';

const bundleId = z.string().regex(/^[0-9a-f]{32}$/, 'expected the id of a bundle: 32 hexadecimal digits');
const linkId = z.string().regex(/^[0-9a-f]{16}$/, 'expected the id of a link: 16 hexadecimal digits');
const sha256 = z.string().describe('Hexadecimal.');
const count = z.int().min(0);

const dayOr = (what: string, example: string) =>
  z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: `expected a date such as ${example}, or a whole second such as ${example}T09:00:00Z`,
    })
    .refine((text) => Date.parse(text) >= 0, 'expected a time from 1970 on')
    .describe(what);

const question = z.strictObject({
  from: dayOr('The beginning of the period: a date is its first moment in UTC.', '2026-07-01'),
  to: dayOr('Its end: a date is all of that day, an instant is not part of it.', '2026-09-30'),
  controls: z.array(controlId).max(200).optional().describe('None: all.'),
  collectors: z.array(manifestName).max(200).optional().describe('None: all that the controls rest on.'),
});

const bundle = z.strictObject({
  id: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  why: z.string().nullable().describe('Why it failed.'),
  progress: z
    .strictObject({
      stage: z.enum(['entries', 'proofs', 'bodies', 'derived', 'writing']),
      done: count,
      total: count,
    })
    .nullable()
    .describe('While it is running.'),
  question: z.strictObject({
    from: instant,
    to: instant.describe('Not part of it.'),
    controls: list(z.string()).nullable(),
    collectors: list(z.string()).nullable(),
  }),
  checkpoint: count.describe('The size of the checkpoint at which it is answered.'),
  made: z
    .strictObject({
      bytes: count.describe('Of the ZIP.'),
      sha256: sha256.describe('Of the ZIP, hexadecimal; also its ETag.'),
      manifest: sha256.describe('SHA-256 of its manifest.json, hexadecimal.'),
      entries: count,
      bodies: count,
    })
    .nullable()
    .describe('Once it is done.'),
  by: z.string(),
  createdAt: instant,
  expiresAt: instant,
});

const link = z.strictObject({
  id: z.string(),
  bundle: z.string(),
  for: z.string(),
  by: z.string(),
  createdAt: instant,
  expiresAt: instant,
  standing: z.enum(['open', 'spent', 'revoked', 'expired']),
});

const ofBundle = z.strictObject({ id: bundleId });
const absent = 'there is no bundle with this id';

function told({ question: { at, ...question }, ...job }: BundleJob) {
  return { ...job, question, checkpoint: at };
}

function addJobs(app: FastifyInstance, jobs: Bundles): void {
  post(app, {
    path: bundles,
    role: 'auditor',
    tag: 'bundles',
    summary: 'Have a bundle made of a period, at the checkpoint that is the newest now',
    params: none,
    content: question,
    status: 202,
    conflicts: true,
    response: bundle,
    handler: async ({ content: { controls = [], collectors = [], ...period }, caller }) =>
      told(await jobs.ask(parseQuestion({ ...period, controls, collectors }), caller.name)),
    what: ({ id, checkpoint }) => `bundle ${id} at the checkpoint of size ${checkpoint}`,
    location: ({ id }) => `${bundles}/${id}`,
  });
  get(app, {
    path: bundles,
    role: 'viewer',
    tag: 'bundles',
    summary: 'The bundles that are kept, the newest first: at most 50 and those that wait',
    params: none,
    query: none,
    response: z.strictObject({ items: list(bundle), next: z.null() }),
    handler: () => Promise.resolve({ items: jobs.list().map(told), next: null }),
  });
  get(app, {
    path: `${bundles}/:id`,
    role: 'auditor',
    tag: 'bundles',
    summary: 'One bundle, and how far it has come',
    params: ofBundle,
    query: none,
    response: bundle,
    handler: ({ params: { id } }) => {
      const found = jobs.find(id);
      return Promise.resolve(found && told(found));
    },
    absent,
  });
  addDownload(app, `${bundles}/:id/content`, ofBundle, jobs);
  remove(app, {
    path: `${bundles}/:id`,
    role: 'auditor',
    tag: 'bundles',
    summary: 'Remove a bundle, and its links with it; one that is being made is given up',
    params: ofBundle,
    handler: ({ params: { id } }) => jobs.remove(id),
    absent,
  });
}

function addLinks(app: FastifyInstance, jobs: Bundles): void {
  post(app, {
    path: links,
    role: 'isms',
    tag: 'bundles',
    summary: 'A link that opens the content of one bundle, once, for who has no token',
    params: none,
    content: z.strictObject({
      bundle: bundleId,
      for: words.describe('Who is to have it, such as "external auditor, ACME Cert". It is sealed.'),
      expires: moment.describe('Within 30 days, and not after the bundle.'),
    }),
    status: 201,
    conflicts: true,
    response: link.extend({
      url: z.string().describe('Path and secret, told here alone: put the host before it.'),
    }),
    handler: async ({ content: { bundle: id, for: whom, expires }, caller }) => {
      const made = await jobs.addLink({ bundle: id, for: whom, by: caller.name, expiresAt: expires });
      return made && { ...made.link, url: `${bundles}/${id}/content?link=${made.secret}` };
    },
    absent,
    what: ({ id, bundle: of, for: whom }) => `link ${id} of bundle ${of}, for ${JSON.stringify(whom)}`,
  });
  get(app, {
    path: links,
    role: 'isms',
    tag: 'bundles',
    summary: 'The links of all bundles that are kept, the newest first, without their secrets',
    params: none,
    query: none,
    response: z.strictObject({ items: list(link), next: z.null() }),
    handler: () => Promise.resolve({ items: jobs.links(), next: null }),
  });
  remove(app, {
    path: `${links}/:id`,
    role: 'isms',
    tag: 'bundles',
    summary: 'Revoke a link',
    params: z.strictObject({ id: linkId }),
    handler: ({ params: { id } }) => jobs.revokeLink(id),
    absent: 'there is no link with this id',
  });
}

/** /api/v1/bundles and /api/v1/links. */
export function addBundles(app: FastifyInstance, jobs: Bundles): void {
  addJobs(app, jobs);
  addLinks(app, jobs);
}
