import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { InventoryRecord } from '../../../src/inventory/kind.ts';

export const NOW = 1_790_000_000;
const DAY = 86_400;
const SCOPE = { source: 'aws', scope: '111122223333' };
const PEOPLE = 25_000;

/** Writes one NDJSON file a source: `<directory>/aws.ndjson` and `<directory>/hr.ndjson`. The same records every time. */
export async function writeEstate(directory: string, identities: number): Promise<void> {
  await writeLines(`${directory}/hr.ndjson`, people());
  await writeLines(`${directory}/aws.ndjson`, users(identities));
}

async function writeLines(file: string, records: Iterable<InventoryRecord>): Promise<void> {
  const out = createWriteStream(file);
  for (const record of records) {
    if (!out.write(`${JSON.stringify(record)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** Deterministic, spread over 0 to n - 1. */
function spread(seed: number, salt: number, n: number): number {
  return ((Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(salt, 40_503)) >>> 8) % n;
}

function* people(): Generator<InventoryRecord> {
  for (let n = 0; n < PEOPLE; n++) {
    const left = n % 25 === 0;
    const id = `hr:staff:${String(n).padStart(6, '0')}`;
    const shared = { source: 'hr', scope: 'staff' };
    const start = NOW - spread(n, 1, 4_000) * DAY;
    yield record('person', id, shared, {
      email: `person${n}@example.org`,
      logins: [`p${n}`],
      status: left ? 'left' : 'active',
      start_at: start,
      type: 'employee',
      manager: '',
      department: `d${n % 40}`,
    });
    if (left) {
      yield record('departure', `${id}/left`, shared, {
        person: id,
        at: NOW - spread(n, 2, 400) * DAY,
        at_known: true,
        recorded_at: NOW - DAY,
        returned: false,
      });
    }
  }
}

export function* users(identities: number): Generator<InventoryRecord> {
  for (let n = 0; n < identities; n++) {
    const id = `aws:111122223333:AIDA${String(n).padStart(16, '0')}`;
    const created = NOW - spread(n, 3, 2_000) * DAY;
    const active = Math.max(created, NOW - spread(n, 4, 300) * DAY);
    yield record('identity', id, SCOPE, {
      name: `user${n}`,
      type: 'user',
      enabled: n % 20 !== 0,
      can_sign_in: n % 50 === 7 ? null : n % 3 !== 0,
      second_factor: n % 50 === 8 ? null : n % 7 !== 0,
      second_factor_enforced: null,
      external: false,
      created_at: created,
      last_active_at: active,
      logins: [`user${n}`, n % 4 === 0 ? `machine${n}@example.org` : `person${n % PEOPLE}@example.org`],
      groups: [`team${n % 40}`],
      tags: [
        { key: 'team', value: `t${n % 40}` },
        { key: 'env', value: n % 5 === 0 ? 'test' : 'prod' },
      ],
    });
    if (n % 2 === 0) {
      yield record('credential', `${id}/key`, SCOPE, {
        identity: id,
        type: 'access_key',
        active: n % 6 !== 0,
        created_at: created,
        rotated_at: created,
        used: n % 4 === 0,
        last_active_at: active,
      });
    }
    if (n % 3 !== 0) {
      yield record('role_grant', `${id}/${n % 3 === 1 ? 'direct' : 'group'}`, SCOPE, {
        identity: id,
        grantee_type: n % 3 === 1 ? 'user' : 'group',
        via: n % 3 === 1 ? 'direct' : `group:team${n % 40}`,
        attachment: 'attached',
        policy: n % 100 === 1 ? 'AdministratorAccess' : `policy${n % 90}`,
        policy_ref: `arn:aws:iam::aws:policy/${n % 90}`,
        administrator: n % 100 === 1,
        target: '',
      });
    }
  }
}

function record(
  kind: string,
  id: string,
  where: { source: string; scope: string },
  fields: Record<string, unknown>,
): InventoryRecord {
  return { id, kind, ...where, ...fields };
}
