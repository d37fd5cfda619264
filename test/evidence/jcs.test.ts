import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jcs, parseJcs } from '../../src/evidence/jcs.ts';

const vectors = new URL('../fixtures/vectors/jcs/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, vectors), 'utf8');

describe('canonical JSON', () => {
  test.each(readdirSync(new URL('input/', vectors)))(
    'writes the RFC 8785 vector %s byte for byte',
    (name) => {
      // 1E30 is an integer beyond 2^53-1, which is refused here: a source's number could have been rounded.
      const value: unknown = JSON.parse(read(`input/${name}`).replace(' 1E30,', ''));
      const expected = Buffer.from(
        read(`outhex/${name.replace('.json', '.txt')}`).replaceAll(/\s/g, ''),
        'hex',
      );
      expect(jcs(value, 'vector')).toBe(expected.toString().replace(',1e+30', ''));
    },
  );

  test.each([
    ['undefined', { a: undefined }, 'record.a: undefined is not a JSON value'],
    ['NaN', { a: [1, Number.NaN] }, 'record.a[1]: NaN is not a JSON number'],
    ['Infinity', { a: Infinity }, 'record.a: Infinity is not a JSON number'],
    ['a lone surrogate', { a: { b: 'x\ud800' } }, 'record.a.b: a string with a lone surrogate'],
    ['a lone surrogate in a name', { 'a\udc00': 1 }, 'record: a field name with a lone surrogate'],
    ['an integer beyond 2^53-1', { a: 2 ** 53 }, 'record.a: the integer 9007199254740992 is beyond 2^53-1'],
    ['a BigInt', { a: 1n }, 'record.a: bigint is not a JSON value'],
    ['a date', { a: new Date(0) }, 'record.a: not a plain object'],
    ['a map', { a: new Map() }, 'record.a: not a plain object'],
    ['an object with toJSON', { a: { toJSON: () => 1 } }, 'record.a: not a plain object'],
  ])('refuses %s, naming the field', (_, value, message) => {
    expect(() => jcs(value, 'record')).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
    );
  });

  test('refuses what is nested without end', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => jcs(circle, 'record')).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  test.each(['{"b":1,"a":2}', '{"a": 1}', '{"a":1.0}', '{"a":1}\n', '{"a":1,"a":1}', '\ufeff{}', '{'])(
    'accepts no other spelling when reading: %s',
    (text) => {
      expect(() => parseJcs(Buffer.from(text), 'object')).toThrow(
        expect.objectContaining({ code: 'corrupt' }),
      );
    },
  );

  test.each(['{"10":1,"9":2}', '{"":0,"1":{"a":[],"b":{}},"é":"\u007f","__proto__":1}'])(
    'reads back what it wrote, whatever the names: %s',
    (text) => {
      const value: unknown = JSON.parse(text);
      expect(parseJcs(Buffer.from(jcs(value, 'x')), 'x')).toEqual(value);
    },
  );

  test.each([
    '{"9":1,"10":2}',
    '{"a":[{"d":1,"c":2}]}',
    '{"\ufb33":1,"\ud83d\ude00":2}',
    '"\\ud800"',
    '-0',
    '1e3',
    '9007199254740993',
  ])('accepts no other order, nor another spelling: %s', (text) => {
    expect(() => parseJcs(Buffer.from(text), 'object')).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });

  test('accepts no bytes that are not UTF-8 when reading', () => {
    expect(() => parseJcs(Buffer.from('7b2261223a22ff227d', 'hex'), 'object')).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    );
  });
});
