import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { proveEntry } from '../evidence/proof.ts';
import { fingerprint, publicKeyPem } from '../evidence/public-keys.ts';
import { readLines } from '../evidence/read-body.ts';
import { readStoreFrom, type StoreReader } from '../evidence/reader.ts';
import { parse } from './arguments.ts';
import { type Command, UsageError } from './command.ts';
import { storeAt } from './location.ts';

export const proof: Command = {
  name: 'proof',
  usage: 'STORE INDEX -o DIR',
  summary:
    'write what stock cosign needs to verify one entry, its bodies and its inclusion in the log, offline',
  async run(args, io) {
    const { values, positionals } = parse(
      args,
      { output: { type: 'string', short: 'o' } },
      { atLeast: 2, atMost: 2 },
    );
    const [store = '', number = ''] = positionals;
    const directory = values['output'];
    if (typeof directory !== 'string') throw new UsageError('where to? give -o DIR');
    if (!/^\d{1,15}$/.test(number))
      throw new UsageError(`${number} is no index: expected a number such as 12`);
    const reader = await readStoreFrom(await storeAt(store, io.env), { name: store });
    const entry = await reader.entry(Number(number));
    const { bundle, trustedRoot } = await proveEntry(reader, entry.index);
    const spki = reader.identity.keys.envelopeKey(entry.index);
    const key = `${fingerprint(spki)}.pem`;
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'entry.sigstore.json'), JSON.stringify(bundle));
    await writeFile(join(directory, 'trusted_root.json'), JSON.stringify(trustedRoot));
    await writeFile(join(directory, key), publicKeyPem(spki));
    const bodies = entry.subjects.filter(({ name }) => !name.includes('/'));
    for (const { name, sha256 } of bodies) await writeBody(reader, sha256, join(directory, `${name}.ndjson`));
    io.out(
      `entry ${entry.index} (${entry.stream}) at the checkpoint of size ${reader.checkpoint().size}, in ${directory}; to verify it there:`,
    );
    for (const { name } of bodies) {
      io.out(
        `cosign verify-blob-attestation --key ${key} --trusted-root trusted_root.json --type https://annexa.dev/${entry.predicate}/v1 ` +
          `--bundle entry.sigstore.json ${name}.ndjson`,
      );
    }
    io.out(
      "The key and the log's key in trusted_root.json come from the store itself: compare their fingerprints (annexa keys) with what you were given another way.",
    );
    return 0;
  },
};

/** The body's own bytes: each line with its salt, and its LF. */
async function writeBody(reader: StoreReader, sha256: string, file: string): Promise<void> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const line of readLines(reader.store, sha256)) yield Buffer.concat([line, Buffer.from('\n')]);
  }
  await pipeline(bytes(), createWriteStream(file));
}
