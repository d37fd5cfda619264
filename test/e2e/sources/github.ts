import { datasets } from '../../../src/collectors/github/datasets.ts';
import type { FaultKind } from '../../collectors/github/faults.ts';
import { APP, appKey } from '../../collectors/github/harness.ts';
import { soundEstate } from '../../collectors/github/planted.ts';
import { startStub } from '../../collectors/github/stub.ts';
import { people } from './people.ts';
import { dependentsOf, type Faults, type Part, type Source } from './source.ts';

async function open(faults: Faults): Promise<Part> {
  const stub = await startStub(soundEstate(Math.floor(Date.now() / 1000)), {
    faults: Object.fromEntries(
      Object.entries(faults).map(([operation, kind]) => [operation, { kind: kind as FaultKind }]),
    ),
    pageSize: 2,
    granted: { administration: 'read' },
  });
  return {
    plugin: 'github',
    settings: {
      organizations: ['Acme'],
      auth: APP,
      baseUrl: stub.endpoint,
      emailsFrom: ['verified-domains', 'saml'],
      maxAttempts: 1,
    },
    env: { KEY: appKey },
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

export const github: Source = {
  name: 'github',
  operations: dependentsOf(datasets),
  kinds: ['denied', 'bare', 'truncated'],
  limit: { 'graphql:organization.repositories': 'limited', 'GET /orgs/{org}/dependabot/alerts': 'secondary' },
  cut: { 'graphql:organization.membersWithRole': 'cut' },
  open,
  beside: [people],
  others: {},
};
