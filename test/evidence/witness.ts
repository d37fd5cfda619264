import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

/** A witness of tests alone, its key from a fixed seed, written here from the specification: https://c2sp.org/tlog-cosignature. */
export interface TestWitness {
  readonly name: string;
  /** Hex. */
  readonly keyId: string;
  readonly vkey: string;
  /** A signature line, its LF included; it says `time`, and `signed` is the time that it signs. */
  cosign(noteText: string, time: number, signed?: number): string;
}

export function witness(name: string, seed: number): TestWitness {
  const pkcs8 = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    Buffer.alloc(32, seed),
  ]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32);
  const typed = Buffer.concat([Buffer.of(0x04), raw]);
  const keyId = createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8);
  return {
    name,
    keyId,
    vkey: `${name}+${keyId}+${typed.toString('base64')}`,
    cosign(noteText, time, signed = time) {
      const message = Buffer.from(`cosignature/v1\ntime ${signed}\n${noteText}`);
      const stamp = Buffer.alloc(8);
      stamp.writeBigUInt64BE(BigInt(time));
      const line = Buffer.concat([Buffer.from(keyId, 'hex'), stamp, sign(null, message, key)]);
      return `\u2014 ${name} ${line.toString('base64')}\n`;
    },
  };
}
