import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openCosignatures, parseWitnessKey } from '../../src/evidence/cosignature.ts';
import { witness } from './witness.ts';

const text = 'example.com/log\n20\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n';
const one = witness('one.example', 1);
const two = witness('two.example', 2);
const keys = [parseWitnessKey(one.vkey), parseWitnessKey(two.vkey)];

describe('the cosignatures over a checkpoint', () => {
  test('are verified with the keys that are known, and tell when the witness saw it', () => {
    const lines = one.cosign(text, 1_790_000_000) + two.cosign(text, 1_790_000_007);
    const { verified, unknown } = openCosignatures(text, lines, keys);
    expect(verified.map(({ witness: { name }, time }) => [name, time])).toEqual([
      ['one.example', 1_790_000_000],
      ['two.example', 1_790_000_007],
    ]);
    expect(unknown).toEqual([]);
  });

  test('of keys that are not known are named, and no more', () => {
    const lines = witness('one.example', 3).cosign(text, 5) + two.cosign(text, 6);
    const { verified, unknown } = openCosignatures(text, lines, keys);
    expect(verified.map(({ witness: { name } }) => name)).toEqual(['two.example']);
    expect(unknown).toEqual(['one.example']);
  });

  const wrong: readonly [string, string][] = [
    ['over another checkpoint', one.cosign(text.replace('20', '21'), 7)],
    ['with another time than was signed', one.cosign(text, 7, 8)],
    ['at no time', one.cosign(text, 0)],
    ['twice', one.cosign(text, 7) + one.cosign(text, 8)],
    ['without the end of its line', one.cosign(text, 7).trimEnd()],
    ['after an empty line', `\n${one.cosign(text, 7)}`],
    ['after another text', `x\n\n${one.cosign(text, 7)}`],
    ['cut short', `\u2014 one.example ${Buffer.from(`${one.keyId}00`, 'hex').toString('base64')}\n`],
    ['that are nothing', ''],
  ];
  test.each(wrong)('are refused %s', (_, lines) => {
    expect(() => openCosignatures(text, lines, keys)).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });

  test('are no plain signatures of the note', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(12);
    const id = createHash('sha256').update('w\n').update(Buffer.of(4)).update(raw).digest('hex').slice(0, 8);
    const key = parseWitnessKey(`w+${id}+${Buffer.concat([Buffer.of(4), raw]).toString('base64')}`);
    const plain = Buffer.concat([Buffer.from(id, 'hex'), sign(null, Buffer.from(text), privateKey)]);
    const line = `\u2014 w ${plain.toString('base64')}\n`;
    expect(() => openCosignatures(text, line, [key])).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });
});

describe("a witness's key", () => {
  const [name = '', id = '', encoded = ''] = one.vkey.split(/\+(.{8})\+/);
  const plain = Buffer.concat([Buffer.of(1), Buffer.from(encoded, 'base64').subarray(1)]).toString('base64');
  test.each([
    ['of another type', `${name}+${id}+${plain}`],
    ['under another name', `x${one.vkey}`],
    ['without a name', one.vkey.slice(name.length)],
    ['with another key id', `${name}+00000000+${encoded}`],
    ['cut short', one.vkey.slice(0, -4)],
    ['with stray bits', one.vkey.replace(/.=?$/, 'B')],
    ['that is nothing', ''],
  ])('%s is refused', (_, vkey) => {
    expect(() => parseWitnessKey(vkey)).toThrow(expect.objectContaining({ code: 'key' }));
  });
});
