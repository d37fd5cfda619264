import { expect, test } from 'vitest';
import { draft, testLog } from './helpers.ts';

test('what is appended is read back after reopening', async () => {
  await using t = await testLog();
  const [sealed] = await t.log.append([draft('one')]);
  expect(sealed?.index).toBe(1);
  const log = await t.reopen();
  expect(await log.entry(1)).toEqual(sealed);
  expect(log.checkpoint().size).toBe(2);
});
