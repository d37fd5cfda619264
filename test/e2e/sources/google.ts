import { datasets } from '../../../src/collectors/google/datasets.ts';
import { CUSTOMER, soundEstate, SUBJECT } from '../../collectors/google/estate.ts';
import type { FaultKind } from '../../collectors/google/faults.ts';
import { keyFile } from '../../collectors/google/identities.ts';
import { startStub } from '../../collectors/google/stub.ts';
import { people } from './people.ts';
import { dependentsOf, type Faults, type Part, type Source } from './source.ts';

async function openWith(faults: Faults, only?: readonly string[]): Promise<Part> {
  const stub = await startStub(soundEstate(Math.floor(Date.now() / 1000)), {
    faults: Object.fromEntries(
      Object.entries(faults).map(([operation, kind]) => [operation, { kind: kind as FaultKind }]),
    ),
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
  others: {},
};
