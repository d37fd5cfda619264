import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds } from '../../src/inventory/kinds.ts';
import { precompile } from '../../src/inventory/precompile.ts';
import type { CheckQuery, Sandbox } from '../../src/inventory/query-contract.ts';
import { type CompiledByDigest } from '../../src/inventory/query/shipped.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { check } from './records.ts';

const query = check({ where: 'it.can_sign_in', reason: "'no ' || :word", params: { word: 'second factor' } });

/** What the build made of the query, and the same with a result that compiling never gives. */
let shipped: CompiledByDigest;
let marked: CompiledByDigest;
let sandbox: Sandbox;
const cleanup = new AsyncDisposableStack();

beforeAll(async () => {
  shipped = await precompile([query]);
  marked = Object.fromEntries(
    Object.keys(shipped).map((digest) => [digest, { tables: ['marked'], kinds: ['marked'], nullable: [] }]),
  );
  sandbox = cleanup.use(createSandbox({ compiled: marked }));
});
afterAll(() => cleanup.disposeAsync());

test('what the build compiled is what compiling gives', async () => {
  await using other = createSandbox({ compiled: {} });
  expect(Object.values(shipped)).toEqual([await other.compile(query)]);
});

test.each<[string, Partial<CheckQuery>]>([
  ['', {}],
  [' with other values of its parameters', { params: { word: 'key' } }],
])('the query that the build compiled is not compiled again%s', async (_, changed) => {
  await expect(sandbox.compile({ ...query, ...changed })).resolves.toMatchObject({ kinds: ['marked'] });
});

test.each<[string, Partial<CheckQuery>]>([
  ['condition', { fails: `${query.fails} ` }],
  ['population', { where: undefined }],
  ['reason', { reason: "'no' || :word" }],
  ['name', { name: 'another' }],
  ['type of a parameter', { params: { word: 2 } }],
])('a query of another %s is compiled', async (_, changed) => {
  await expect(sandbox.compile({ ...query, ...changed })).resolves.toMatchObject({ kinds: ['identity'] });
});

test('a query that does not compile is refused, though the build compiled one like it', async () => {
  const wrong = { ...query, fails: 'it.no_such_column' };
  await expect(sandbox.compile(wrong)).rejects.toMatchObject({ code: 'query-invalid' });
  await expect(precompile([query, wrong])).rejects.toMatchObject({ code: 'query-invalid' });
});

test('a query is compiled when a kind has other tables than at the build', async () => {
  const person = kinds.get('person')!;
  const [first, ...rest] = person.tables;
  const wider = { ...first, ddl: [...first.ddl, 'CREATE INDEX person_by_scope ON person (scope)'] };
  const changed = new Map(kinds).set('person', { ...person, tables: [wider, ...rest] });
  await using other = createSandbox({ kinds: changed, compiled: marked });
  await expect(other.compile(query)).resolves.toMatchObject({ kinds: ['identity'] });
});
