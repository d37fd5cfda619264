import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InventoryRecord, SourceRef } from '../../src/inventory/kind.ts';
import type { CredentialRecord } from '../../src/inventory/kinds/credential.ts';
import type { DepartureRecord } from '../../src/inventory/kinds/departure.ts';
import type { IdentityRecord } from '../../src/inventory/kinds/identity.ts';
import type { PersonRecord } from '../../src/inventory/kinds/person.ts';
import type { CheckQuery } from '../../src/inventory/query-contract.ts';

export const AWS: SourceRef = { collector: 'cloud', dataset: 'aws/iam-identities', scope: '111' };
export const HR: SourceRef = { collector: 'staff', dataset: 'hr/people', scope: 'export' };
export const META = { asOf: 1_790_000_000, body: 'ab'.repeat(32), index: 7 };
export const NOW = 1_790_000_000;

export function identity(name: string, fields: Partial<IdentityRecord> = {}): IdentityRecord {
  return {
    id: `aws:111:${name}`,
    kind: 'identity',
    source: 'aws',
    scope: '111',
    name,
    type: 'user',
    enabled: true,
    can_sign_in: true,
    second_factor: true,
    created_at: 1_700_000_000,
    last_active_at: 1_780_000_000,
    logins: [name],
    groups: [],
    tags: [],
    ...fields,
  };
}

export function credential(
  owner: string,
  name: string,
  fields: Partial<CredentialRecord> = {},
): CredentialRecord {
  return {
    id: `aws:111:${owner}/${name}`,
    kind: 'credential',
    source: 'aws',
    scope: '111',
    identity: `aws:111:${owner}`,
    type: 'access_key',
    active: true,
    created_at: 1_700_000_000,
    rotated_at: 1_700_000_000,
    used: true,
    last_active_at: 1_780_000_000,
    ...fields,
  };
}

export function person(number: string, fields: Partial<PersonRecord> = {}): PersonRecord {
  return {
    id: `hr:export:${number}`,
    kind: 'person',
    source: 'hr',
    scope: 'export',
    email: `p${number}@example.org`,
    logins: [],
    status: 'active',
    start_at: null,
    ...fields,
  };
}

export function departure(number: string, at: number): DepartureRecord {
  return {
    id: `hr:export:${number}/departure`,
    kind: 'departure',
    source: 'hr',
    scope: 'export',
    person: `hr:export:${number}`,
    at,
    at_known: true,
    recorded_at: at,
  };
}

export async function* stream(...records: readonly InventoryRecord[]): AsyncGenerator<InventoryRecord> {
  yield* records;
}

/** A check over identities that fails where there is no second factor, unless told otherwise. */
export function check(fields: Partial<CheckQuery> = {}): CheckQuery {
  return {
    name: 'sample',
    kind: 'identity',
    fails: 'NOT it.second_factor',
    reason: "'no second factor on ' || it.source",
    params: {},
    ...fields,
  };
}

/** A directory that is gone when the block ends. */
export async function temporary(): Promise<AsyncDisposable & { readonly file: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-inventory-'));
  return {
    file: join(directory, 'inventory.sqlite'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
