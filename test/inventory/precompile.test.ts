import { expect, test } from 'vitest';
import { kinds } from '../../src/inventory/kinds.ts';
import { precompile } from '../../src/inventory/precompile.ts';
import type { CheckQuery } from '../../src/inventory/query-contract.ts';
import { createSandbox, type SandboxOptions } from '../../src/inventory/sandbox.ts';
import { check } from './records.ts';

const query = check({ where: 'it.can_sign_in', reason: "'no ' || :word", params: { word: 'second factor' } });

/** What a sandbox makes of a query when the build compiled `query`, to what compiling never gives. */
async function compiledBeside(other: CheckQuery, options: SandboxOptions = {}) {
  const [digest] = Object.keys(await precompile([query]));
  const compiled = { [digest!]: { tables: ['marked'], kinds: ['marked'], nullable: [] } };
  await using sandbox = createSandbox({ ...options, compiled });
  return await sandbox.compile(other);
}

test('what the build compiled is what compiling gives', async () => {
  await using sandbox = createSandbox();
  expect(Object.values(await precompile([query]))).toEqual([await sandbox.compile(query)]);
});

test('the query that the build compiled is not compiled again, whatever the values of its parameters', async () => {
  await expect(compiledBeside(query)).resolves.toMatchObject({ kinds: ['marked'] });
  await expect(compiledBeside({ ...query, params: { word: 'key' } })).resolves.toMatchObject({
    kinds: ['marked'],
  });
});

test.each<[string, Partial<CheckQuery>]>([
  ['condition', { fails: `${query.fails} ` }],
  ['population', { where: undefined }],
  ['reason', { reason: "'no' || :word" }],
  ['name', { name: 'another' }],
  ['type of a parameter', { params: { word: 2 } }],
])('a query of another %s is compiled', async (_, changed) => {
  await expect(compiledBeside({ ...query, ...changed })).resolves.toMatchObject({ kinds: ['identity'] });
});

test('a query that does not compile is refused, though the build compiled one like it', async () => {
  const wrong = { ...query, fails: 'it.no_such_column' };
  await expect(compiledBeside(wrong)).rejects.toMatchObject({ code: 'query-invalid' });
  await expect(precompile([query, wrong])).rejects.toMatchObject({ code: 'query-invalid' });
});

test('a query is compiled when a kind has other tables than at the build', async () => {
  const person = kinds.get('person')!;
  const [first, ...rest] = person.tables;
  const wider = { ...first!, ddl: [...first!.ddl, 'CREATE INDEX person_by_scope ON person (scope)'] };
  const changed = new Map(kinds).set('person', { ...person, tables: [wider, ...rest] });
  await expect(compiledBeside(query, { kinds: changed })).resolves.toMatchObject({ kinds: ['identity'] });
});
