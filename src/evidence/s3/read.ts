import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { type Access, failure, isAbsent, objectAt, wrap } from './client.ts';

/** Bytes; no object that is read whole comes near it. */
const LARGEST = 1 << 28;

export interface Found {
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
}

/** The whole object; undefined when there is none. */
export function readObject(access: Access, key: string): Promise<Found | undefined> {
  return wrap('read', access, key, async () => {
    // The SDK repeats requests, not what goes wrong while the answer's body comes in.
    for (let attempt = 1; ; attempt += 1) {
      const answer = await request(access, key);
      if (answer === undefined) return undefined;
      if ((answer.ContentLength ?? 0) > LARGEST) throw new Error(`it is over ${LARGEST} bytes`);
      try {
        const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
        return { bytes, etag: answer.ETag };
      } catch (error) {
        if (attempt >= access.attempts) throw error;
      }
    }
  });
}

/** The object in pieces, at constant memory; undefined when there is none. */
export function streamObject(access: Access, key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  return wrap('read', access, key, async () => {
    const answer = await request(access, key);
    return answer === undefined ? undefined : pieces(access, key, answer);
  });
}

/** When the connection breaks, the same version of the object is read on from where it broke. */
async function* pieces(
  access: Access,
  key: string,
  first: GetObjectCommandOutput,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  let body = bodyOf(first);
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const piece of body) {
        at += piece.length;
        yield piece;
      }
      return;
    } catch (cause) {
      if (attempt >= access.attempts || first.ETag === undefined) throw failure('read', access, key, cause);
      const range = { Range: `bytes=${at}-`, IfMatch: first.ETag };
      const rest = await wrap('read', access, key, () => request(access, key, range));
      if (rest === undefined) throw failure('read', access, key, cause);
      body = bodyOf(rest);
    }
  }
}

async function request(
  access: Access,
  key: string,
  range: { Range?: string; IfMatch?: string } = {},
): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await access.client.send(new GetObjectCommand({ ...objectAt(access, key), ...range }));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function bodyOf({ Body }: GetObjectCommandOutput): Readable {
  if (Body instanceof Readable) return Body;
  throw new Error('an answer without a body');
}
