import { describe, expect, test } from 'vitest';
import { createFrontier, leafHash } from '../../src/evidence/merkle.ts';
import { erasedLeaf, eraseLines, remainderLeaf } from '../../src/evidence/remainder.ts';

const salt = '00'.repeat(16);
const line = (id: string, more: object = {}) => Buffer.from(JSON.stringify({ ...more, id, salt }));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

async function* of(...lines: Uint8Array[]) {
  yield* lines;
}

async function erase(lines: Uint8Array[], ...ids: string[]) {
  const erasing = eraseLines(of(...lines), new Set(ids));
  const rest = await Array.fromAsync(erasing.lines);
  return { rest, erased: erasing.erased(), missed: erasing.missed() };
}

function root(lines: readonly Uint8Array[], leaf: (line: Uint8Array) => Uint8Array) {
  const tree = createFrontier();
  for (const one of lines) tree.append(leaf(one));
  return hex(tree.root());
}

describe('lines without those that are erased', () => {
  const lines = ['a', 'b', 'c', 'd', 'e'].map((id) => line(id));

  test('name the leaf hash in the place of each erased line, and leave the others as they were', async () => {
    const { rest, erased, missed } = await erase(lines, 'b', 'e');
    expect(rest.map(String)).toEqual([
      String(lines[0]),
      `{"erased":"${hex(leafHash(lines[1]!))}"}`,
      String(lines[2]),
      String(lines[3]),
      `{"erased":"${hex(leafHash(lines[4]!))}"}`,
    ]);
    expect({ erased, missed }).toEqual({ erased: 2, missed: [] });
  });

  test('have the root that was signed', async () => {
    const { rest } = await erase(lines, 'a', 'c');
    expect(root(rest, remainderLeaf)).toBe(root(lines, leafHash));
    expect(root(rest, leafHash)).not.toBe(root(lines, leafHash));
  });

  test('can lose more lines later, and count all of them', async () => {
    const first = await erase(lines, 'a');
    const second = await erase(first.rest, 'd');
    expect(second.erased).toBe(2);
    expect(root(second.rest, remainderLeaf)).toBe(root(lines, leafHash));
  });

  test('tell which ids were not among them', async () => {
    const { missed } = await erase(lines, 'b', 'z');
    expect(missed).toEqual(['z']);
  });

  test('stay as long as ids differ only in part from those that are erased', async () => {
    const { erased } = await erase([line('ab'), line('b', { a: 'a' })], 'a');
    expect(erased).toBe(0);
  });
});

describe('a line of a remainder', () => {
  const hash = '0123456789abcdef'.repeat(4);

  test('counts with the hash that it names when it stands for an erased one', () => {
    expect(hex(remainderLeaf(Buffer.from(`{"erased":"${hash}"}`)))).toBe(hash);
    expect(erasedLeaf(Buffer.from(`{"erased":"${hash}"}`))).toBe(hash);
  });

  test('counts with its own when it is a record, even one that has a field of that name', () => {
    const record = line('a', { erased: hash });
    expect(hex(remainderLeaf(record))).toBe(hex(leafHash(record)));
    expect(erasedLeaf(record)).toBeUndefined();
  });

  test.each([
    ['another case', `{"erased":"${hash.toUpperCase()}"}`],
    ['a shorter hash', `{"erased":"${hash.slice(1)}"}`],
    ['a space', `{"erased": "${hash}"}`],
    ['another field beside', `{"erased":"${hash}","salt":"${salt}"}`],
    ['nothing to go by', '{}'],
    ['a text', `"${hash}"`],
    ['no JSON', 'erased'],
    ['nothing', ''],
  ])('is corrupt with %s', (_, text) => {
    expect(() => remainderLeaf(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });
});
