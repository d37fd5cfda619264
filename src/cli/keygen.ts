import { generateKeys } from '../evidence/keys.ts';
import { fingerprint } from '../evidence/public-keys.ts';
import { parse } from './arguments.ts';
import type { Command } from './command.ts';

export const keygen: Command = {
  name: 'keygen',
  usage: 'DIR',
  summary: 'make the keys that seal evidence, in an empty or new directory',
  async run(args, io) {
    const { positionals } = parse(args, {}, { atLeast: 1, atMost: 1 });
    const directory = positionals[0]!;
    const keys = await generateKeys(directory);
    io.out(`keys made in ${directory}, readable by their owner alone`);
    io.out(`envelope    ${fingerprint(keys.envelope.spki)}  (SHA-256 of the public key; P-256)`);
    io.out(`checkpoint  ${fingerprint(keys.checkpoint.spki)}  (SHA-256 of the public key; Ed25519)`);
    io.out(
      'Keep a copy apart from the evidence, and give the two fingerprints to your auditor by another way.',
    );
    return 0;
  },
};
