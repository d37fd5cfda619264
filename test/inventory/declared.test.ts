import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import type { OrganizationAccountRecord } from '../../src/inventory/kinds/organization-account.ts';

const owners = { identities: {}, services: {} };
const source = { collector: 'aws', dataset: 'organization-accounts', scope: '111111111111' };
const meta = { asOf: 1, body: '0'.repeat(64), index: 0 };

function member(account: string): OrganizationAccountRecord {
  return {
    id: `aws:111111111111:${account}`,
    kind: 'organization_account',
    source: 'aws',
    scope: '111111111111',
    account,
    name: '',
    status: 'active',
    management: false,
    joined_at: null,
    tags: [],
  };
}

async function* stream(records: readonly InventoryRecord[]): AsyncGenerator<InventoryRecord> {
  yield* records;
}

test('an account is declared when the Scope names it, whichever came first', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-declared-'));
  const file = join(directory, 'inventory.sqlite');
  const declared = () => {
    using db = new DatabaseSync(file, { readOnly: true });
    const rows = db.prepare('SELECT account FROM organization_account WHERE declared').all();
    return rows.map((row) => row['account']);
  };
  {
    await using inventory = openInventory(file, { declared: { owners, scopes: ['111111111111'] } });
    await inventory.load(source, meta, stream([member('111111111111'), member('222222222222')]));
    expect(declared()).toEqual(['111111111111']);
    await inventory.declare({ owners, scopes: ['222222222222', '333333333333'] });
    expect(declared()).toEqual(['222222222222']);
    await inventory.load(source, meta, stream([member('333333333333')]));
    expect(declared()).toEqual(['333333333333']);
  }
  await rm(directory, { recursive: true });
});
