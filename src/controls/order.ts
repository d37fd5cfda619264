/** Orders two strings by their UTF-8 bytes: neither what `<` does (UTF-16 code units) nor what a collation does. */
export function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
