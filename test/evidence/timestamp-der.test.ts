import { describe, expect, test } from 'vitest';
import {
  children,
  encodeDer,
  encodeUnsigned,
  oid,
  readDer,
  smallInteger,
  TAG,
} from '../../src/evidence/timestamp/der.ts';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('DER', () => {
  test.each([
    ['0101ff', 'TRUE'],
    ['020100', '0'],
    ['02020080', '128'],
    ['0201ff', '-1'],
    ['0500', 'NULL'],
    ['030100', 'no bits'],
    ['03020780', 'one bit'],
    ['06032a8648', 'an object identifier'],
    ['3006 020101 020102', 'a sequence'],
    [`048180${'00'.repeat(128)}`, 'a string of 128 bytes'],
    ['a003020101', 'a value that is tagged'],
  ])('reads %s: %s', (hex) => {
    expect(Buffer.from(readDer(bytes(hex)).raw).toString('hex')).toBe(bytes(hex).toString('hex'));
  });

  test.each([
    ['', 'nothing'],
    ['02', 'a tag alone'],
    ['020201', 'a value that ends early'],
    ['0201010a', 'a byte after the end'],
    ['3005 0201 01 0201', 'a value that ends early within another'],
    ['010101', 'TRUE that is not FF'],
    ['01020000', 'a boolean of two bytes'],
    ['0200', 'an integer of no bytes'],
    ['02020001', 'an integer with a zero before it'],
    ['0202ff80', 'a negative integer with ones before it'],
    ['050100', 'NULL that is not empty'],
    ['0300', 'bits without their number'],
    ['030108', 'eight unused bits'],
    ['030101', 'an unused bit of none'],
    ['03020781', 'an unused bit that is set'],
    ['0600', 'an object identifier of nothing'],
    ['06022a80', 'an object identifier that goes on'],
    ['06032a8001', 'an arc with a zero before it'],
    ['0481020000', 'a length in more bytes than it needs'],
    ['0482000100', 'a length that begins with zero'],
    ['30800000', 'an indefinite length'],
    ['0485000000000100', 'a length of five bytes'],
    ['1f0100', 'a tag of several bytes'],
    ['2403040100', 'a string in pieces'],
    ['1000', 'a sequence that is primitive'],
    ['1100', 'a set that is primitive'],
  ])('refuses %s: %s', (hex) => {
    expect(() => readDer(bytes(hex))).toThrow(expect.objectContaining({ code: 'corrupt' }));
  });

  test('refuses what is nested without end, and not what is nested a little', () => {
    const nested = (depth: number) => {
      let value = encodeDer(TAG.null);
      for (let i = 0; i < depth; i += 1) value = encodeDer(TAG.sequence, value);
      return value;
    };
    expect(readDer(nested(30)).tag).toBe(TAG.sequence);
    expect(() => readDer(nested(50))).toThrow('nested too deep');
    expect(() => readDer(nested(10_000))).toThrow('nested too deep');
  });

  test('writes what it reads', () => {
    for (const length of [0, 127, 128, 255, 256, 65_536]) {
      const value = readDer(encodeDer(TAG.octetString, Buffer.alloc(length)));
      expect(value.body.length).toBe(length);
    }
    const unsigned = (hex: string) => Buffer.from(encodeUnsigned(bytes(hex))).toString('hex');
    expect([unsigned('00'), unsigned('0000ff'), unsigned('7f00')]).toEqual([
      '020100',
      '020200ff',
      '02027f00',
    ]);
  });

  test('tells object identifiers and numbers', () => {
    const dots = ['2a864886f70d0109100104', '550403', '8837', '2a83ffffffffffffffff7f'].map((hex) =>
      oid(readDer(encodeDer(TAG.oid, bytes(hex))), 'x'),
    );
    expect(dots).toEqual(['1.2.840.113549.1.9.16.1.4', '2.5.4.3', '2.999', '1.2.36893488147419103231']);
    expect(smallInteger(readDer(bytes('02020100')), 'x')).toBe(256);
    expect(() => smallInteger(readDer(bytes('0201ff')), 'x')).toThrow('x is out of range');
    expect(() => smallInteger(readDer(bytes('020701000000000000')), 'x')).toThrow('x is out of range');
  });

  test('names what is missing or of another type', () => {
    expect(() => children(readDer(bytes('0500')), TAG.sequence, 'the token')).toThrow(
      'the token is missing or of',
    );
    expect(() => children(undefined, TAG.sequence, 'the token')).toThrow('the token is missing or of');
  });
});
