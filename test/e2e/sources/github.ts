import { datasets } from '../../../src/collectors/github/datasets.ts';
import type { FaultKind } from '../../collectors/github/faults.ts';
import { APP, appKey } from '../../collectors/github/harness.ts';
import { soundEstate } from '../../collectors/github/planted.ts';
import { startStub } from '../../collectors/github/stub.ts';
import { people } from './people.ts';
import { dependentsOf, type Faults, faultsOf, type Part, type Source } from './source.ts';

const KINDS = [
  'denied',
  'bare',
  'truncated',
  'limited',
  'secondary',
  'cut',
] as const satisfies readonly FaultKind[];

async function open(faults: Faults): Promise<Part> {
  const stub = await startStub(soundEstate(Math.floor(Date.now() / 1000)), {
    faults: faultsOf(KINDS, faults),
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
  others: {
    // GitHub tells neither when somebody was last active nor when a repository was last scanned.
    'identity-dormant': 'unknown',
    'scans-recent': 'unknown',
    // Asked of accounts of Google alone.
    'identity-second-factor-enforced': 'unknown',
    // An owner of the organisation is one himself.
    'grants-by-role': 'fail',
    // The register doesn't say how people are engaged.
    'contractor-end': 'unknown',
    // Nobody declared a service.
    'service-owner': 'not_applicable',
  },
};
