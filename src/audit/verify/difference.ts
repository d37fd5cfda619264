interface Difference {
  readonly offset: number;
  /** From 1. */
  readonly line: number;
}

const LF = 10;

/** Where two texts begin to differ; undefined when they don't. Both are read to the end, unless they differ. */
export async function firstDifference(
  found: AsyncIterable<Uint8Array>,
  expected: AsyncIterable<Uint8Array>,
): Promise<Difference | undefined> {
  const [one, other] = [found[Symbol.asyncIterator](), expected[Symbol.asyncIterator]()];
  let [a, b]: [Uint8Array, Uint8Array] = [EMPTY, EMPTY];
  let [offset, line] = [0, 1];
  try {
    for (;;) {
      if (a.length === 0) a = await nextPiece(one);
      if (b.length === 0) b = await nextPiece(other);
      const length = Math.min(a.length, b.length);
      if (length === 0) return a.length === b.length ? undefined : { offset, line };
      let same = 0;
      if (Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0) same = length;
      else while (a[same] === b[same]) same += 1;
      for (let at = a.indexOf(LF); at >= 0 && at < same; at = a.indexOf(LF, at + 1)) line += 1;
      offset += same;
      if (same < length) return { offset, line };
      [a, b] = [a.subarray(length), b.subarray(length)];
    }
  } finally {
    await one.return?.();
    await other.return?.();
  }
}

const EMPTY = new Uint8Array();

/** The next piece that isn't empty; an empty one at the end. */
async function nextPiece(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  for (;;) {
    const { done, value } = await pieces.next();
    if (done === true) return EMPTY;
    if (value.length > 0) return value;
  }
}
