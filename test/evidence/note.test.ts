import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  ed25519Key,
  formatCheckpoint,
  formatVerifierKey,
  openNote,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  signNote,
} from '../../src/evidence/note.ts';
import { EvidenceError } from '../../src/evidence/error.ts';
import type { NoteSigner } from '../../src/evidence/note.ts';

function signer(name: string): NoteSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    name,
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    sign: async (message) => sign(null, message, privateKey),
  };
}

const one = signer('one.example');
const two = signer('two.example');
const known = ed25519Key(one.name, one.spki);
const text = 'one.example\n7\nAAAA\n';

describe('a signed note', () => {
  test('opens with a key that signed it', async () => {
    const note = Buffer.from(await signNote(text, [one]));
    expect(note.toString()).toMatch(/^one\.example\n7\nAAAA\n\n\u2014 one\.example [A-Za-z0-9+/]+=*\n$/);
    expect(openNote(note, [known])).toEqual({ text, signedBy: [known], unknown: 0 });
  });

  test('opens whoever else signed it, and counts them', async () => {
    const note = Buffer.from(await signNote(text, [two, one]));
    expect(openNote(note, [known])).toEqual({ text, signedBy: [known], unknown: 1 });
    expect(openNote(note, [known, ed25519Key(two.name, two.spki)]).unknown).toBe(0);
  });

  test('does not open without one', async () => {
    const note = Buffer.from(await signNote(text, [two]));
    expect(() => openNote(note, [known])).toThrow('no known key');
    expect(() => openNote(note, [ed25519Key('two.example', one.spki)])).toThrow('no known key');
    expect(() => openNote(note, [ed25519Key('other.example', two.spki)])).toThrow('no known key');
  });

  test('keeps empty lines in its text', async () => {
    const note = Buffer.from(await signNote('a\n\nb\n', [one]));
    expect(openNote(note, [known]).text).toBe('a\n\nb\n');
  });

  test('is refused with any byte changed', async () => {
    const note = Buffer.from(await signNote(text, [one]));
    for (let at = 0; at < note.length; at += 1) {
      for (const bit of [1, 2, 32, 128]) {
        const changed = Buffer.from(note);
        changed.writeUInt8(changed.readUInt8(at) ^ bit, at);
        expect(() => openNote(changed, [known]), `byte ${at}, bit ${bit}`).toThrow(EvidenceError);
      }
    }
  });

  test('is refused cut, lengthened or signed twice by one key', async () => {
    const note = Buffer.from(await signNote(text, [one]));
    for (let end = 0; end < note.length; end += 1) {
      expect(() => openNote(note.subarray(0, end), [known])).toThrow(EvidenceError);
    }
    expect(() => openNote(Buffer.concat([note, Buffer.from('\n')]), [known])).toThrow(EvidenceError);
    const twice = Buffer.from(await signNote(text, [one, one]));
    expect(() => openNote(twice, [known])).toThrow('repeated');
  });

  test.each([
    ['without signatures', `${text}\n`],
    ['with a hyphen for the dash', `${text}\n- one.example AAAAAAAA\n`],
    ['with a carriage return', `${text}\r\n\u2014 one.example AAAAAAAA\n`],
    ['with base64 that has stray bits', `${text}\n\u2014 one.example AAAAAAB=\n`],
    ['with base64 without padding', `${text}\n\u2014 one.example AAAAAAA\n`],
    ['with a signature of no bytes', `${text}\n\u2014 one.example AAAAAA==\n`],
    ['with a plus in a name', `${text}\n\u2014 one+example AAAAAAAA\n`],
    ['with a tab', `a\tb\n\n\u2014 one.example AAAAAAAA\n`],
  ])('%s does not parse', (_, note) => {
    expect(() => parseNote(Buffer.from(note))).toThrow(EvidenceError);
  });

  test('that is not UTF-8 does not parse', () => {
    const note = Buffer.from(`\xff\n\n\u2014 one.example AAAAAAAA\n`, 'latin1');
    expect(() => parseNote(note)).toThrow('UTF-8');
  });

  test('is not made of text that it could not carry, nor by a key that is another', async () => {
    await expect(signNote('no end', [one])).rejects.toThrow('ended by LF');
    await expect(signNote('bell\u0007\n', [one])).rejects.toThrow('printable');
    await expect(signNote(text, [{ ...two, spki: one.spki }])).rejects.toThrow("doesn't verify");
    await expect(signNote(text, [{ ...one, name: 'with space' }])).rejects.toThrow('name');
  });
});

describe('a verifier key', () => {
  test('goes to text and back', () => {
    const written = formatVerifierKey(one.name, one.spki);
    expect(written).toMatch(/^one\.example\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/);
    expect(parseVerifierKey(written).keyId).toBe(known.keyId);
  });

  test.each([
    ['another id', (key: string) => key.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['another name', (key: string) => `x${key}`],
    ['another algorithm', (key: string) => key.replace(/\+[^+]*$/, '+AwAA')],
    ['no key', (key: string) => key.replace(/\+[^+]*$/, '')],
  ])('with %s is refused', (_, change) => {
    // A base64 with a plus in it would be cut elsewhere: take a key without.
    let candidate = signer('one.example');
    while (formatVerifierKey(candidate.name, candidate.spki).split('+').length > 3) {
      candidate = signer('one.example');
    }
    const written = formatVerifierKey(candidate.name, candidate.spki);
    expect(() => parseVerifierKey(written)).not.toThrow();
    expect(() => parseVerifierKey(change(written))).toThrow(EvidenceError);
  });

  test('of another type is refused', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => ed25519Key('a', publicKey.export({ format: 'der', type: 'spki' }))).toThrow('Ed25519');
  });
});

describe('a checkpoint', () => {
  const root = new Uint8Array(32).fill(9);

  test('goes to text and back', () => {
    expect(parseCheckpoint(formatCheckpoint('log.example', 12, root))).toEqual({
      origin: 'log.example',
      size: 12,
      root: Buffer.from(root),
      extensions: [],
    });
    const extended = parseCheckpoint(`${formatCheckpoint('log.example', 0, root)}more\n`);
    expect(extended.extensions).toEqual(['more']);
  });

  const encoded = Buffer.from(root).toString('base64');
  test.each([
    ['no origin', `\n1\n${encoded}\n`],
    ['a leading zero', `a\n01\n${encoded}\n`],
    ['a sign', `a\n+1\n${encoded}\n`],
    ['a size beyond 2^53', `a\n9007199254740993\n${encoded}\n`],
    ['an exponent', `a\n1e3\n${encoded}\n`],
    ['a short root', `a\n1\nAAAA\n`],
    ['no root', `a\n1\n`],
    ['no end', `a\n1\n${encoded}`],
    ['an empty line', `a\n1\n${encoded}\n\n`],
  ])('with %s is refused', (_, written) => {
    expect(() => parseCheckpoint(written)).toThrow(EvidenceError);
  });
});
