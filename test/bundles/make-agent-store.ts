import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { makeWorld } from '../engine/world.ts';

// Freezes what an agent of today seals: `node test/bundles/make-agent-store.ts store-YEAR-MONTH-WHAT`. For a statement that is new, have the agent
// seal one below. NAME.json says what has to be read back from it, for ever. A store that was released is never made again.

/** What came another way than the store, and what was sealed. */
export const frozen = z.strictObject({
  /** Fingerprints of the keys. */
  trusted: z.array(z.string()),
  entries: z.int(),
  /** Bodies of the statements of those predicates, in order, without the ids of lines. */
  access: z.array(z.array(z.record(z.string(), z.unknown()))),
  attestation: z.array(z.array(z.record(z.string(), z.unknown()))),
});

type Bodies = z.infer<typeof frozen>['access'];

/** 2026-11-28T09:00:00Z */
const START = 1_795_856_400;

const AGENT = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec:
  organisation: Acme
  domain: acme.example
  data: DATA
  commitWindow: 1s
  listen: 127.0.0.1:0
  access:
    tokens: [{ name: kim, sha256: ${'5d'.repeat(32)}, roles: [auditor], expires: 2027-02-26T00:00:00Z }]
    oidc: { issuer: https://id.acme.example, audience: https://annexa.acme.example, roles: { claim: groups, map: { isms-team: [isms, auditor] } } }
    kubernetes: { audiences: [annexa] }
`;

const PEOPLE = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  settings: { scope: acme, file: people.csv, asOf: { column: asof }, columns: { personId: id, workEmail: email, lastDay: last } }
`;

const CHECK = `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: leavers-dated }
spec:
  title: Departures have a last day
  aspects: [A.5.18/removal]
  nature: event
  severity: low
  within: 1h
  kind: departure
  where: it.at <= :now
  fails: NOT it.at_known
  reason: "'no last day'"
  remediation: x
  rationale: x
`;

const at = (time: string) => Date.parse(time) / 1000;

async function make(directory: string): Promise<void> {
  await using world = await makeWorld({ manifests: { 'people.yaml': PEOPLE, 'check.yaml': CHECK } });
  world.now = START;
  const data = join(world.directory, 'data');
  await world.write('agent.yaml', AGENT.replace('DATA', JSON.stringify(data)));
  await world.write('people.csv', 'id,email,last,asof\n1,ann@acme.example,,2026-11-27\n2,ben@acme.example,2026-11-20,2026-11-27\n');
  {
    await using opened = await world.open();
    const { agent } = opened;
    await agent.open();
    await agent.collectOnce();
    const looked = (
      who: string,
      roles: readonly string[],
      operation: string,
      subject: string,
      status: number,
    ) =>
      agent.access.record({
        at: world.now,
        who,
        roles,
        operation,
        subject,
        status,
        bytes: status === 200 ? 512 : null,
      });
    looked('token:kim', ['auditor'], 'GET /api/v1/evidence', '/api/v1/evidence?limit=10', 200);
    looked('oidc:lee', ['isms', 'auditor'], 'GET /api/v1/evidence/:index', '/api/v1/evidence/3', 200);
    const visit = { name: 'site-visit', aspects: ['A.7.1/inspected'], statement: 'Walked round the site.' };
    const moments = { at: at('2026-11-27T10:00:00Z'), expires: at('2027-05-27T00:00:00Z') };
    const minutes = [{ name: 'minutes.pdf', sha256: 'a7'.repeat(32) }];
    await agent.view.attest({ ...visit, ...moments, documents: minutes }, 'token:kim');
    await agent.view.attest({ ...visit, ...moments, documents: [], name: 'drill' }, 'oidc:lee');
    await agent.view.withdraw('drill', 'Meant for another site.', 'oidc:lee');
    world.now += 60;
    await agent.access.flush();
    looked(
      'kubernetes:system:serviceaccount:audit:reader',
      [],
      'POST /api/v1/collectors/:name/runs',
      '/api/v1/collectors/people/runs',
      202,
    );
    world.now += 60;
  }
  cpSync(join(data, 'evidence'), directory, { recursive: true, filter: (path) => !path.endsWith('/state') });
}

/** The bodies of a predicate's statements, as they are read back. */
export async function bodiesIn(directory: string, of: 'access' | 'attestation'): Promise<Bodies> {
  const reader = await readStore(directory);
  const bodies: Record<string, unknown>[][] = [];
  for await (const { predicate, subjects } of reader.entries()) {
    if (predicate !== of) continue;
    const lines: Record<string, unknown>[] = [];
    for await (const { id: _, ...line } of reader.body(subjects[0]?.sha256 ?? '')) lines.push(line);
    bodies.push(lines);
  }
  return bodies;
}

if (import.meta.main) {
  const name = process.argv[2] ?? '';
  const directory = join(import.meta.dirname, name);
  if (!/^store-\d{4}-\d\d-[a-z]+$/.test(name) || existsSync(directory)) {
    process.stderr.write(
      'usage: node test/bundles/make-agent-store.ts store-YEAR-MONTH-WHAT (not there yet)\n',
    );
    process.exit(2);
  }
  await make(directory);
  const { entries, trust } = await verifyDirectory(directory);
  const trusted = trust.map(({ fingerprint }) => fingerprint);
  const [access, attestation] = [await bodiesIn(directory, 'access'), await bodiesIn(directory, 'attestation')];
  const told = frozen.parse({ trusted, entries, access, attestation });
  writeFileSync(`${directory}.json`, `${JSON.stringify(told, null, 2)}\n`);
}
