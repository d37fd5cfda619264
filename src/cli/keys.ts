import { existsSync } from 'node:fs';
import { keyFiles, loadKeys } from '../evidence/keys.ts';
import { fingerprint } from '../evidence/public-keys.ts';
import { readStore } from '../evidence/reader.ts';
import { jsonOption, parse } from './arguments.ts';
import type { Command } from './command.ts';

export const keys: Command = {
  name: 'keys',
  usage: 'DIR [--json]',
  summary: 'fingerprints of the keys of a store or of a key directory, to give to an auditor by another way',
  async run(args, io) {
    const { values, positionals } = parse(args, jsonOption, { atLeast: 1, atMost: 1 });
    const found = await spkis(positionals[0]!);
    for (const [use, spki] of Object.entries(found)) {
      if (values['json'] === true)
        io.out(
          JSON.stringify({ use, fingerprint: fingerprint(spki), spki: Buffer.from(spki).toString('base64') }),
        );
      else io.out(`${use.padEnd(11)} ${fingerprint(spki)}`);
    }
    if (values['json'] !== true)
      io.out('SHA-256 of each public key (SPKI, DER). Give them by another way than the evidence itself.');
    return 0;
  },
};

/** Of a directory of key files, else of the store there: those that its genesis names. */
async function spkis(
  directory: string,
): Promise<{ readonly envelope: Uint8Array; readonly checkpoint: Uint8Array }> {
  if (existsSync(keyFiles(directory).envelope)) {
    const { envelope, checkpoint } = await loadKeys(keyFiles(directory));
    return { envelope: envelope.spki, checkpoint: checkpoint.spki };
  }
  const { identity, checkpoint } = await readStore(directory);
  const { size } = checkpoint();
  return {
    envelope: identity.keys.envelopeKey(size - 1),
    checkpoint: identity.keys.checkpointKeys(size)[0]!,
  };
}
