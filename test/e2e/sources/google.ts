import { datasets } from '../../../src/collectors/google/datasets.ts';
import {
  ASSIGNED,
  CUSTOMER,
  type Estate,
  HELP_ROLE,
  soundEstate,
  SUBJECT,
} from '../../collectors/google/estate.ts';
import type { FaultKind } from '../../collectors/google/faults.ts';
import { keyFile } from '../../collectors/google/identities.ts';
import { startStub } from '../../collectors/google/stub.ts';
import { people } from './people.ts';
import { dependentsOf, type Faults, faultsOf, type Part, type Source } from './source.ts';

const KINDS = [
  'denied',
  'empty',
  'truncated',
  'quota',
  'rate-limit',
  'cut',
] as const satisfies readonly FaultKind[];

/** Somebody administers by a group, too, so that the members of one are asked for. */
function estateOf(now: number): Estate {
  const sound = soundEstate(now);
  const group = { ...ASSIGNED, roleAssignmentId: '92', roleId: HELP_ROLE, assignedTo: '5001' };
  return {
    ...sound,
    assignments: [...sound.assignments, { ...group, assigneeType: 'group' }],
    members: { '5001': [{ kind: 'admin#directory#member', id: '2', type: 'USER' }] },
  };
}

async function openWith(faults: Faults, only?: readonly string[]): Promise<Part> {
  const stub = await startStub(estateOf(Math.floor(Date.now() / 1000)), {
    faults: faultsOf(KINDS, faults),
  });
  return {
    plugin: 'google',
    ...(only !== undefined && { only }),
    settings: {
      scope: CUSTOMER,
      subject: SUBJECT,
      credentials: { env: 'GOOGLE_KEY' },
      endpoint: stub.endpoint,
      maxAttempts: 1,
      oauthGrants: {},
    },
    env: { GOOGLE_KEY: keyFile() },
    [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
  };
}

/** The accounts of the people, for sources that tell of people alone. */
export const accounts = () => openWith({}, ['users']);

export const google: Source = {
  name: 'google',
  // With a key, Google signs nothing.
  operations: dependentsOf(datasets, (operation) => !operation.startsWith('iamcredentials.')),
  kinds: ['denied', 'empty', 'truncated'],
  limit: { 'directory.roles.list': 'quota', 'directory.mobiledevices.list': 'rate-limit' },
  cut: { 'directory.users.list': 'cut' },
  open: (faults) => openWith(faults),
  beside: [people],
  others: {
    // Google's roles are assigned to users themselves.
    'grants-by-role': 'fail',
    // Nobody let in an application.
    'oauth-broad-scopes': 'not_applicable',
    'oauth-known-clients': 'not_applicable',
    // The register doesn't say how people are engaged.
    'contractor-end': 'unknown',
    // Nobody declared a service.
    'service-owner': 'not_applicable',
  },
};
