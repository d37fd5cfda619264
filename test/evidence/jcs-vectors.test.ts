import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jcs, parseJcs } from '../../src/evidence/jcs.ts';

const vectors = 'test/fixtures/vectors/jcs';
const names = readdirSync(`${vectors}/input`).map((file) => file.replace('.json', ''));

function bytesOf(name: string): Buffer {
  return Buffer.from(readFileSync(`${vectors}/outhex/${name}.txt`, 'utf8').replaceAll(/\s/g, ''), 'hex');
}

// The one vector with an integer beyond 2^53 - 1, which bodies carry as text: it is compared without that number.
const withoutLargeInteger = (text: string): string => text.replace(/1E30,|1e\+30,/, '');

describe('the published canonical forms', () => {
  test('are all there', () => {
    expect(names.sort()).toEqual(['arrays', 'french', 'structures', 'unicode', 'values', 'weird']);
  });

  test.each(names)('%s is written and read byte for byte', (name) => {
    const input = withoutLargeInteger(readFileSync(`${vectors}/input/${name}.json`, 'utf8'));
    const expected = Buffer.from(withoutLargeInteger(bytesOf(name).toString()));
    const value: unknown = JSON.parse(input);
    expect(Buffer.from(jcs(value, name)).toString('hex')).toBe(expected.toString('hex'));
    expect(parseJcs(expected, name)).toEqual(value);
  });

  test.each(names)('%s in its published spelling and in bytes are one', (name) => {
    expect(readFileSync(`${vectors}/output/${name}.json`).toString('hex')).toBe(
      bytesOf(name).toString('hex'),
    );
  });

  test('with an integer beyond 2^53 - 1 are refused, not rounded', () => {
    const input: unknown = JSON.parse(readFileSync(`${vectors}/input/values.json`, 'utf8'));
    expect(() => jcs(input, 'values')).toThrow('beyond 2^53-1');
  });
});
