import { describe, expect, test } from 'vitest';
import { EvidenceError } from '../../src/evidence/error.ts';
import { confirmToken } from '../../src/evidence/timestamp/confirm.ts';
import { children, encodeDer, encodeUnsigned, readDer, TAG } from '../../src/evidence/timestamp/der.ts';
import { MOST_TOKEN_BYTES, openToken, parseAuthorities } from '../../src/evidence/timestamp/token.ts';
import { certificateOf, fixture, type Forgery, forgeToken, pem } from './timestamp-forge.ts';

const data = fixture('data.txt');
const root = parseAuthorities(pem('root'));
const AT = Date.parse('2026-03-04T05:06:07Z') / 1000;

const real = [
  ['openssl-rsa', 'root', 'O=Test, CN=rsa'],
  ['openssl-p256', 'root', 'O=Test, CN=good'],
  ['openssl-p384-sha1', 'root', 'O=Test, CN=p384'],
  ['sigstore', 'sigstore', 'O=local, CN=Test TSA Timestamping'],
  ['sigstore-chain', 'sigstore-chain', 'O=local, CN=Test TSA Timestamping'],
] as const;

async function refusal(response: Uint8Array, trusted = root, of: Uint8Array = data): Promise<string> {
  const error: unknown = await openToken(response, of, trusted).then(
    () => new Error('accepted'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(EvidenceError);
  expect(error).toHaveProperty('code', 'corrupt');
  return error instanceof Error ? error.message : '';
}

describe('a token of a real authority', () => {
  test.each(real)('%s is accepted, by pkijs too', async (name, authority, signer) => {
    const [response, trusted] = [fixture(`${name}.tsr`), parseAuthorities(pem(authority))];
    const info = await openToken(response, data, trusted);
    expect(info.signer).toBe(signer);
    await confirmToken(response, data, trusted);
  });

  test('says its time, accuracy, policy and serial number', async () => {
    const info = await openToken(fixture('openssl-rsa.tsr'), data, root);
    expect(info).toEqual({
      genTime: AT,
      accuracy: 1.5001,
      policy: '1.2.3.4.1',
      serial: '42',
      signer: 'O=Test, CN=rsa',
    });
  });

  test.each(real)('%s is refused for other data, and by other authorities', async (name, authority) => {
    const response = fixture(`${name}.tsr`);
    expect(await refusal(response, parseAuthorities(pem(authority)), Buffer.from('x'))).toMatch(/other data/);
    for (const other of ['root', 'other-root', 'sigstore', 'sigstore-chain']) {
      if (other === authority) continue;
      expect(await refusal(response, parseAuthorities(pem(other)))).toMatch(/no trusted CA issued/);
    }
  });

  test.each(real)('%s is refused when it is cut short or goes on after its end', async (name, authority) => {
    const [response, trusted] = [fixture(`${name}.tsr`), parseAuthorities(pem(authority))];
    for (let length = 0; length < response.length; length += 7) {
      expect(await refusal(response.subarray(0, length), trusted)).toMatch(/./);
    }
    expect(await refusal(Buffer.concat([response, Buffer.of(0)]), trusted)).toContain(
      '1 bytes after its end',
    );
    expect(await refusal(Buffer.concat([response, response]), trusted)).toContain('bytes after its end');
  });

  // Nobody signs the status (granted, or granted with modifications), nor the copies of the authority's own certificates that sigstore can send
  // along: ours are used. Every other byte is signed, or follows from what is.
  test.each(real)('%s is refused with a bit flipped in any byte that matters', async (name, authority) => {
    const [response, trusted] = [fixture(`${name}.tsr`), parseAuthorities(pem(authority))];
    const info = await openToken(response, data, trusted);
    const copies = [...trusted.roots, ...trusted.intermediates].flatMap(({ raw }) => {
      const at = response.indexOf(raw);
      return at === -1 ? [] : [[at, at + raw.length] as const];
    });
    const accepted: number[] = [];
    for (let at = 0; at < response.length; at += 1) {
      if (copies.some(([from, to]) => from <= at && at < to)) continue;
      const changed = Buffer.from(response);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at & 7));
      const seen = await openToken(changed, data, trusted).catch(refused);
      if (seen === undefined) continue;
      expect(seen).toEqual(info);
      accepted.push(at);
    }
    const STATUS = 8;
    expect(accepted).toEqual([STATUS]);
    expect(copies.length).toBe(name === 'sigstore-chain' ? 2 : 0);
  });
});

function refused(error: unknown): undefined {
  if (error instanceof EvidenceError && error.code === 'corrupt') return undefined;
  throw error;
}

describe('a token', () => {
  const forge = (forgery: Partial<Forgery>) => forgeToken({ data, ...forgery });

  test('as it should be is accepted, by pkijs too', async () => {
    for (const forgery of [
      {},
      { named: 'v1' },
      { named: 'both' },
      { issuerSerial: 'good' },
      { named: 'v1', issuerSerial: 'good' },
      { digest: 'sha384' },
      { signer: 'rsa', key: 'rsa' },
      { signer: 'p384', key: 'p384' },
      { status: 1 },
      { signer: 'under-inter', certificates: ['inter'] },
      { signer: 'under-inter', certificates: ['inter', 'root', 'other-root', 'good'] },
      {
        nonce: Buffer.from('ff00112233445566', 'hex'),
        more: encodeDer(0xa0, encodeDer(0x82, Buffer.from('x'))),
      },
    ] as const) {
      const response = forge(forgery);
      expect((await openToken(response, data, root)).genTime).toBe(AT);
      await confirmToken(response, data, root);
    }
  });

  test('holds for ever after its certificates expired, and not a second beyond them', async () => {
    const within = forge({ signer: 'expired', genTime: '20200131000000Z' });
    expect((await openToken(within, data, root)).genTime).toBe(Date.parse('2020-01-31T00:00:00Z') / 1000);
    await confirmToken(within, data, root);
    const refused =
      'the certificate of O=Test, CN=expired is valid from 2020-01-01T00:00:00Z to 2020-01-31T00:00:00Z, not at';
    expect(await refusal(forge({ signer: 'expired', genTime: '20200131000001Z' }))).toContain(refused);
    expect(await refusal(forge({ signer: 'expired', genTime: '20191231235959Z' }))).toContain(refused);
    expect(await refusal(forge({ signer: 'expired' }))).toContain(refused);
    const under = { signer: 'under-inter-expired', certificates: ['inter-expired'] };
    expect(
      (await openToken(forge({ ...under, genTime: '20200115120000Z' }), data, root)).genTime,
    ).toBeGreaterThan(0);
    expect(await refusal(forge(under))).toMatch(/CN=inter-expired is valid from/);
  });

  test.each([
    ['eku-none', 'no extended key usage'],
    ['eku-wrong', 'not for time stamping alone: 1.3.6.1.5.5.7.3.3'],
    ['eku-soft', 'not critical'],
    ['eku-two', 'not for time stamping alone'],
    ['usage-wrong', 'a key usage other than signing'],
    ['is-ca', 'one of a CA'],
    ['unknown', 'bound to 1.2.3.4'],
    ['sha1', 'signed by an algorithm that is not accepted'],
  ])('is refused with a signer %s', async (signer, reason) => {
    expect(await refusal(forge({ signer }))).toContain(reason);
  });

  test.each([
    ['inter-code', 'may not issue for time stamping'],
    ['inter-names', 'bound to 2.5.29.30'],
    ['inter-crl', 'no trusted CA issued'],
    ['not-ca', 'no trusted CA issued'],
    ['no-ca', 'is not a CA'],
  ])('is refused below an intermediate %s', async (name, reason) => {
    expect(await refusal(forge({ signer: `under-${name}`, certificates: [name] }))).toContain(reason);
  });

  test('is refused below a path that a CA above allows no more', async () => {
    const token = forge({ signer: 'under-sub', certificates: ['sub', 'inter'] });
    expect(await refusal(token)).toContain('O=Test, CN=inter allows no path as long as this');
  });

  test('is refused with any byte changed of an intermediate that it needs', async () => {
    const token = forge({ signer: 'under-inter', certificates: ['inter'] });
    const raw = certificateOf('inter');
    const from = token.indexOf(raw);
    for (let at = from; at < from + raw.length; at += 1) {
      const changed = Buffer.from(token);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at & 7));
      expect(await refusal(changed)).toMatch(/./);
    }
    expect(from).toBeGreaterThan(0);
  });

  test('finds its intermediate among the trusted certificates as well, but its root nowhere else', async () => {
    const token = forge({ signer: 'under-inter' });
    expect(await refusal(token)).toMatch(/no trusted CA issued/);
    expect(await openToken(token, data, parseAuthorities(pem('inter', 'root')))).toHaveProperty(
      'genTime',
      AT,
    );
    const carrying = forge({ signer: 'under-inter', certificates: ['inter', 'root'] });
    expect(await refusal(carrying, parseAuthorities(pem('other-root')))).toMatch(/no trusted CA issued/);
  });

  test.each([
    ['signed by another key', { signer: 'p384', key: 'tsa' }, 'signature does not hold'],
    ['whose signature does not hold', { signer: 'rsa', key: 'weak' }, 'signature does not hold'],
    ['signed by a key that is too short', { signer: 'weak', key: 'weak' }, 'algorithm is not accepted'],
    ['signed over SHA-1', { digest: 'sha1' }, 'not accepted'],
    ['whose imprint is of SHA-1', { imprintAlgorithm: 'sha1' }, 'not of SHA-256'],
    ['whose imprint is of SHA-384', { imprintAlgorithm: 'sha384' }, 'not of SHA-256'],
    ['without the name of its certificate', { named: 'none' }, 'not named in what is signed'],
    ['that names another certificate', { named: 'other' }, 'names another certificate'],
    ['that names another certificate in one of two ways', { named: 'other-v1' }, 'names another certificate'],
    ['that names another serial number', { issuerSerial: 'rsa' }, 'another issuer or serial number'],
    ['that names another issuer', { issuerSerial: 'under-inter' }, 'another issuer or serial number'],
    ['with an attribute twice', { repeated: true }, 'is there not just once'],
    ['of another version', { version: 2 }, 'version is not 1'],
    ['of another content type', { contentType: 'data' }, 'no TSTInfo'],
    ['with another digest of its content', { messageDigest: Buffer.alloc(32) }, 'not that of the content'],
    ['with two signers', { signers: 2 }, '2 signers'],
    ['without a signer', { signers: 0 }, '0 signers'],
    ['with attributes that nobody signed', { unsigned: true }, 'nobody signed'],
    ['without its certificate', { bare: true }, 'certificates is missing'],
    ['that was not granted', { status: 2 }, 'granted no token (rejection)'],
    ['of an authority that is being revoked', { status: 4 }, 'revocationWarning'],
    ['whose time is not in UTC', { genTime: '20260304050607' }, 'no time in UTC'],
    ['whose time does not exist', { genTime: '20260230050607Z' }, 'no time in UTC'],
    ['whose fraction ends in a zero', { genTime: '20260304050607.50Z' }, 'no time in UTC'],
    ['with a critical extension', { more: criticalExtension() }, 'critical extension 1.2.3'],
    ['with something more at its end', { more: encodeDer(TAG.null) }, 'does not know'],
    [
      'with its fields in another order',
      { more: encodeDer(TAG.boolean, Buffer.of(0xff)), nonce: Buffer.of(1) },
      'another order',
    ],
  ] as const)('%s is refused', async (_, forgery: Partial<Forgery>, reason) => {
    expect(await refusal(forge(forgery))).toContain(reason);
  });

  test('comes alone', async () => {
    const [status, token] = children(readDer(forge({})), TAG.sequence, 'response');
    const twice = encodeDer(TAG.sequence, status!.raw, token!.raw, token!.raw);
    expect(await refusal(twice)).toContain('no token, or more than one');
    expect(await refusal(encodeDer(TAG.sequence, status!.raw))).toContain('no token, or more than one');
  });

  test('has the nonce that was sent, as a number', async () => {
    const nonce = Buffer.from('00ff112233445566', 'hex');
    const response = forge({ nonce });
    await openToken(response, data, root, { nonce });
    await openToken(response, data, root, { nonce: nonce.subarray(1) });
    for (const [given, sent] of [
      [response, Buffer.from('00ff112233445567', 'hex')],
      [response, nonce.subarray(0, 7)],
      [forge({}), nonce],
      [forge({ nonce: Buffer.concat([nonce, Buffer.of(0)]) }), nonce],
    ] as const) {
      await expect(openToken(given, data, root, { nonce: sent })).rejects.toThrow(/does not have the nonce/);
    }
  });

  test('tells fractions of a second neither in its time nor wrongly in its accuracy', async () => {
    const seconds = encodeUnsigned(Buffer.of(2));
    const accuracy = encodeDer(TAG.sequence, seconds, Buffer.of(0x80, 2, 0, 250));
    const info = await openToken(forge({ genTime: '20260304050607.999Z', accuracy }), data, root);
    expect(info).toMatchObject({ genTime: AT, accuracy: 2.25 });
    expect(
      await refusal(forge({ accuracy: encodeDer(TAG.sequence, Buffer.of(0x80, 2, 0x03, 0xe8)) })),
    ).toMatch(/accuracy/);
  });

  test('of more than 64 KiB is not looked at', async () => {
    expect(await refusal(Buffer.alloc(MOST_TOKEN_BYTES + 1))).toMatch(/more than 65536 bytes/);
  });
});

describe('authorities', () => {
  test('are CA certificates, a root among them, with any words between', () => {
    const { roots, intermediates } = parseAuthorities(
      `Our authority\n${pem('inter')}\nroot:\n${pem('root')}`,
    );
    expect([roots.length, intermediates.length]).toEqual([1, 1]);
  });

  test.each([
    ['nothing', '', 'expected certificates in PEM'],
    ['a key', fixture('tsa.key').toString(), 'certificate 1: expected a certificate, not a PRIVATE KEY'],
    ['no end', pem('root').replace('END', 'FIN'), 'expected certificates in PEM'],
    ['other letters', pem('root').replace(/\n../, '\n!!'), 'certificate 1: not base64'],
    ['other bytes', pem('root').replace(/\nMII/, '\nMIJ'), 'certificate 1: not an X.509 certificate'],
    ['a signer', pem('root', 'good'), 'certificate 2: O=Test, CN=good is not the certificate of a CA'],
    ['a root whose signature does not hold', damaged('root'), 'none of the certificates is self-signed'],
    ['no root', pem('inter'), 'none of the certificates is self-signed'],
  ])('are refused with %s', (_, text, reason) => {
    expect(() => parseAuthorities(text)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(reason) }),
    );
  });
});

function criticalExtension(): Uint8Array {
  const oid = Buffer.from('06022a03', 'hex');
  const extension = encodeDer(
    TAG.sequence,
    oid,
    Buffer.of(1, 1, 0xff),
    encodeDer(TAG.octetString, Buffer.of(5, 0)),
  );
  return encodeDer(0xa1, extension);
}

/** The certificate with the last byte of its signature changed. */
function damaged(name: string): string {
  const der = Buffer.from(certificateOf(name));
  der[der.length - 1] = der.at(-1)! ^ 1;
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
