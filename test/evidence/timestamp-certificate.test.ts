import { describe, expect, test } from 'vitest';
import { readCertificate } from '../../src/evidence/timestamp/certificate.ts';
import { certificateOf } from './timestamp-forge.ts';

/** The fixture with some bytes of it replaced; signatures aren't looked at here. */
function patched(name: string, from: string, to: string): Buffer {
  const hex = Buffer.from(certificateOf(name)).toString('hex');
  expect(hex.split(from)).toHaveLength(2);
  return Buffer.from(hex.replace(from, to), 'hex');
}

describe('a certificate', () => {
  test('says whom it is for, how long, and for what', () => {
    expect(readCertificate(certificateOf('good'))).toMatchObject({
      name: 'O=Test, CN=good',
      notBefore: Date.parse('2020-01-01T00:00:00Z') / 1000,
      ca: false,
      pathLength: undefined,
      keyUsage: new Set([0]),
      extendedKeyUsage: { critical: true, purposes: ['1.3.6.1.5.5.7.3.8'] },
      signatureAlgorithm: '1.2.840.10045.4.3.2',
      unknownCritical: [],
    });
    expect(readCertificate(certificateOf('inter'))).toMatchObject({
      ca: true,
      pathLength: 0,
      keyUsage: new Set([5]),
    });
    expect(readCertificate(certificateOf('eku-soft')).extendedKeyUsage?.critical).toBe(false);
    expect(readCertificate(certificateOf('unknown')).unknownCritical).toEqual(['1.2.3.4']);
  });

  test('is no CA when it says so in more words than it needs', () => {
    expect(readCertificate(patched('inter', '0101ff020100', '010100020100')).ca).toBe(false);
  });

  test('is refused with an extension twice', () => {
    const twice = patched('good', '0603551d0e', '0603551d0f');
    expect(() => readCertificate(twice)).toThrow('has the extension 2.5.29.15 twice');
  });

  test('is refused when it is none', () => {
    expect(() => readCertificate(Buffer.from('3000', 'hex'))).toThrow('not an X.509 certificate');
  });
});
