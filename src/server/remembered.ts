import { tagOf } from './etag.ts';

/** An answer as it was written. */
export interface Written {
  /** UTF-8, as it is sent: writing a text anew costs more than all else of a request. */
  readonly bytes: Buffer;
  readonly tag: string;
}

/** Answers that are written once, for as long as nothing has changed that they follow from. */
export interface Remembered {
  /** Undefined: it has to be written. */
  recall(url: string): Written | undefined;
  /** `revision` as it was before the answer was read. */
  keep(url: string, revision: number, text: string): Written;
  revision(): number;
}

/** Bytes of all answers together, and how many: who asks for ever other pages must not fill the memory. */
const LARGEST = 4_000_000;
const MOST = 256;

export function createRemembered(revision: () => number): Remembered {
  const known = new Map<string, Written>();
  let at = Number.NaN;
  let size = 0;
  const forget = (now: number) => {
    known.clear();
    size = 0;
    at = now;
  };
  return {
    revision,
    recall(url) {
      const now = revision();
      if (now !== at) forget(now);
      return known.get(url);
    },
    keep(url, read, text) {
      const bytes = Buffer.from(text);
      const written = { bytes, tag: tagOf(bytes) };
      // What was read before a change may tell of the time before it.
      if (read !== at || revision() !== at) return written;
      if (known.size >= MOST || size + bytes.length > LARGEST) forget(at);
      if (bytes.length <= LARGEST && !known.has(url)) {
        known.set(url, written);
        size += bytes.length;
      }
      return written;
    },
  };
}
