import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nothingDeclared } from '../../src/inventory/declared.ts';
import { type Inventory, openInventory } from '../../src/inventory/inventory.ts';
import type { InventoryRecord } from '../../src/inventory/kind.ts';
import type { PersonRecord } from '../../src/inventory/kinds/person.ts';
import type { SoaControlRecord } from '../../src/inventory/kinds/soa-control.ts';

const meta = { asOf: 1, body: '0'.repeat(64), index: 0 };
const register = { collector: 'hr', dataset: 'people', scope: 'x' };
const statement = { collector: '_configuration', dataset: 'soa', scope: 'statement' };

async function* stream(records: readonly InventoryRecord[]): AsyncGenerator<InventoryRecord> {
  yield* records;
}

function person(id: string, email: string, logins: readonly string[] = []): PersonRecord {
  return {
    id: `hr:x:${id}`,
    kind: 'person',
    source: 'hr',
    scope: 'x',
    email,
    logins: [...logins],
    status: 'active',
    start_at: null,
  };
}

function entry(control: string, owner: string): SoaControlRecord {
  return {
    id: `configuration:statement:${control}`,
    kind: 'soa_control',
    source: 'configuration',
    scope: 'statement',
    control,
    applicable: true,
    implementation: 'implemented',
    owner,
    version: '1',
  };
}

let directory: string;
let inventory: Inventory;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'annexa-soa-owner-'));
  inventory = openInventory(join(directory, 'inventory.sqlite'));
});

afterEach(async () => {
  await inventory[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** `<control> <person> <reason>`, by control. */
function owners(): readonly string[] {
  using db = new DatabaseSync(inventory.file, { readOnly: true });
  return db
    .prepare('SELECT control, owner_person, owner_reason FROM soa_control ORDER BY control')
    .all()
    .map((row) => `${String(row['control'])} ${String(row['owner_person'])} ${String(row['owner_reason'])}`);
}

const people = [person('1', 'ada@x.example', ['shared']), person('2', 'bob@x.example', ['shared', 'bob'])];
const entries = [
  entry('A.5.1', 'ADA@x.example'),
  entry('A.5.2', 'bob'),
  entry('A.5.3', 'hr:x:2'),
  entry('A.5.4', 'shared'),
  entry('A.5.5', 'nobody'),
  entry('A.5.6', ''),
];
const found = [
  'A.5.1 hr:x:1 login',
  'A.5.2 hr:x:2 login',
  'A.5.3 hr:x:2 id',
  'A.5.4  ambiguous',
  'A.5.5  none',
  'A.5.6  none',
];

describe('the owner of a control', () => {
  test('leads to the one person who answers to it, whichever is loaded first', async () => {
    await inventory.load(statement, meta, stream(entries));
    expect(owners()).toContain('A.5.1  none');
    await inventory.load(register, meta, stream(people));
    expect(owners()).toEqual(found);
    await inventory.load(statement, meta, stream(entries));
    expect(owners()).toEqual(found);
  });

  test('leads to nobody once the register is gone', async () => {
    await inventory.load(register, meta, stream(people));
    await inventory.load(statement, meta, stream(entries));
    await inventory.remove(register);
    expect(owners().every((line) => line.endsWith('  none'))).toBe(true);
  });

  test('is whom the role is declared to be, before all else, and missing when no register lists them', async () => {
    await inventory.load(register, meta, stream(people));
    await inventory.load(statement, meta, stream([entry('A.5.1', 'bob'), entry('A.5.2', 'Auditor')]));
    await inventory.declare({ ...nothingDeclared, roles: { BOB: 'hr:x:1', auditor: 'hr:x:9' } });
    expect(owners()).toEqual(['A.5.1 hr:x:1 role', 'A.5.2  missing']);
    await inventory.declare({
      ...nothingDeclared,
      roles: { BOB: 'hr:x:1', bob: 'hr:x:2', Auditor: 'hr:x:1' },
    });
    expect(owners()).toEqual(['A.5.1  ambiguous', 'A.5.2 hr:x:1 role']);
    await inventory.declare(nothingDeclared);
    expect(owners()).toEqual(['A.5.1 hr:x:2 login', 'A.5.2  none']);
  });
});
