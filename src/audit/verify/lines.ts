import { EvidenceError } from '../../evidence/error.ts';

/** Bytes. No writer makes longer lines. */
const MAX_LINE_BYTES = 1 << 24;
const LF = 10;

/** The lines of a file without their LF, at constant memory. Throws `corrupt` when the last one has none, or one is too long. */
export async function* splitLines(
  bytes: AsyncIterable<Uint8Array>,
  where: string,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of bytes) {
    let begin = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, begin)) {
      const tail = chunk.subarray(begin, end);
      yield parts.length === 0 ? tail : Buffer.concat([...parts, tail]);
      [parts, held, begin] = [[], 0, end + 1];
    }
    if (begin === chunk.length) continue;
    parts.push(chunk.subarray(begin));
    held += chunk.length - begin;
    if (held > MAX_LINE_BYTES)
      throw new EvidenceError('corrupt', `${where}: a line over ${MAX_LINE_BYTES} bytes`);
  }
  if (held > 0) throw new EvidenceError('corrupt', `${where}: the last line has no end`);
}
