import { createServer, type ServerResponse } from 'node:http';
import { equalBytes, verifyConsistency } from '../../src/evidence/merkle.ts';
import { parseCheckpoint, parseNote } from '../../src/evidence/note.ts';
import { witness } from './witness.ts';

/** What a witness answers in place of what it should. */
export type Forged = (response: ServerResponse, proper: () => void, body: string) => void;

export interface WitnessServer extends AsyncDisposable {
  readonly url: string;
  readonly vkey: string;
  /** Bodies of the requests. */
  readonly requests: readonly string[];
  /** What it cosigned last. */
  seen: { size: number; root: Uint8Array } | undefined;
  forge: Forged | undefined;
}

/** A witness of the C2SP protocol on a loopback port, which believes every signature of a log. `now`: Unix seconds. */
export async function startWitness(
  now: () => number,
  name = 'witness.example',
  seed = 9,
): Promise<WitnessServer> {
  const key = witness(name, seed);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString();
      requests.push(body);
      const proper = () => answer(response, request.url ?? '', body);
      if (made.forge === undefined) proper();
      else made.forge(response, proper, body);
    });
  });

  function answer(response: ServerResponse, path: string, body: string): void {
    const [head = '', note = ''] = body.split(/\n\n(.*)/s);
    const [old = '', ...proof] = head.split('\n');
    const from = Number(old.replace('old ', ''));
    const { text } = parseNote(Buffer.from(note));
    const { size, root } = parseCheckpoint(text);
    const end = (status: number, said = '', type = 'text/plain') =>
      void response.writeHead(status, { 'content-type': type }).end(said);
    if (path !== '/add-checkpoint') return end(404);
    const { seen } = made;
    if (from > size) return end(400);
    if (from !== (seen?.size ?? 0)) return end(409, `${seen?.size ?? 0}\n`, 'text/x.tlog.size');
    if (seen !== undefined && !follows(seen, { size, root }, proof)) return end(422);
    made.seen = { size, root };
    return end(200, key.cosign(text, now()));
  }

  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const made: WitnessServer = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    vkey: key.vkey,
    requests,
    seen: undefined,
    forge: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return made;
}

interface Seen {
  readonly size: number;
  readonly root: Uint8Array;
}

function follows(before: Seen, after: Seen, proof: readonly string[]): boolean {
  if (before.size === after.size) return equalBytes(before.root, after.root);
  const hashes = proof.map((line) => Buffer.from(line, 'base64'));
  return verifyConsistency(before.size, after.size, hashes, before.root, after.root);
}
