import { existsSync } from 'node:fs';
import type { KeyHistory } from '../evidence/keyring.ts';
import { keyFiles, loadKeys } from '../evidence/keys.ts';
import { fingerprint } from '../evidence/public-keys.ts';
import { readStoreFrom } from '../evidence/reader.ts';
import { jsonOption, parse } from './arguments.ts';
import type { Command, Io } from './command.ts';
import { isBucket, storeAt } from './location.ts';
import { jsonLine, printable, when } from './output.ts';
import { type SealedAuthority, sealedParties } from './sealed-parties.ts';
import { now } from './setup.ts';

export const keys: Command = {
  name: 'keys',
  usage: 'DIR|s3://BUCKET/PREFIX [--json]',
  summary:
    'fingerprints of the keys of a store or of a key directory, of its authorities and witnesses: to give to an auditor by another way',
  async run(args, io) {
    const { values, positionals } = parse(args, jsonOption, { atLeast: 1, atMost: 1 });
    const place = positionals[0]!;
    const json = values['json'] === true;
    if (!isBucket(place) && existsSync(keyFiles(place).envelope)) await tellFiles(place, json, io);
    else await tellStore(place, json, io);
    if (!json)
      io.out('SHA-256 of each public key (SPKI, DER). Give them by another way than the evidence itself.');
    return 0;
  },
};

async function tellFiles(directory: string, json: boolean, io: Io): Promise<void> {
  const { envelope, checkpoint } = await loadKeys(keyFiles(directory));
  for (const [use, { spki }] of Object.entries({ envelope, checkpoint })) {
    if (json) io.out(jsonLine({ use, fingerprint: fingerprint(spki), spki: base64(spki) }));
    else io.out(`${use.padEnd(11)} ${fingerprint(spki)}`);
  }
}

/** Every key that is or was in force, and what the log says of those who vouch for its times and its history. */
async function tellStore(place: string, json: boolean, io: Io): Promise<void> {
  const reader = await readStoreFrom(await storeAt(place, io.env), { name: place });
  const { authorities, witnesses, unread } = await sealedParties(reader);
  for (const key of reader.identity.keys.history()) io.out(json ? keyJson(key) : keyLine(key));
  if (unread !== undefined)
    io.err(
      printable(
        `only authorities and witnesses of the genesis are shown: the configuration in force can't be read: ${unread}`,
      ),
    );
  for (const authority of authorities) {
    if (json)
      io.out(jsonLine({ use: 'authority', ...authority, certificates: authority.certificates ?? null }));
    else for (const line of authorityLines(authority)) io.out(line);
  }
  for (const { name, key } of witnesses)
    io.out(
      json ? jsonLine({ use: 'witness', name, key }) : printable(`${'witness'.padEnd(11)} ${key} (${name})`),
    );
}

const DAY = 86_400;

function keyLine({ use, fingerprint: hex, index, since, retiring, until }: KeyHistory): string {
  const days = Math.max(0, Math.floor((now() - since) / DAY));
  const state =
    until === null
      ? `in force since ${when(since)} (${days} days, entry ${index})${retiring ? ', retiring' : ''}`
      : `in force from ${when(since)} (entry ${index}) until ${when(until.at)} (entry ${until.index})`;
  return `${use.padEnd(11)} ${hex}  ${state}`;
}

function keyJson({ use, fingerprint: hex, spki, index, since, retiring, until }: KeyHistory): string {
  return jsonLine({
    use,
    fingerprint: hex,
    spki: spki === null ? null : base64(spki),
    index,
    since: when(since),
    retiring,
    until: until === null ? null : { index: until.index, at: when(until.at) },
  });
}

function authorityLines({ name, url, ca, certificates }: SealedAuthority): string[] {
  const head = printable(`${'authority'.padEnd(11)} ${ca}  ${name}, ${url} (SHA-256 of tsa/${ca}.pem)`);
  if (certificates === undefined) return [head, '            its file is not in the store'];
  return [
    head,
    ...certificates.map(({ fingerprint: hex, subject }) => printable(`certificate ${hex}  ${subject}`)),
  ];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
