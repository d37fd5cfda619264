/** How every secret begins that lets in: of a token, of a link. */
const SECRET = 'annexa_';
const MASK = '[masked]';

/**
 * A path with its query as it may be told, logged and sealed: without what lets in. A query that has a link, or anything that looks like a
 * secret however it is escaped, is left out whole; so is a path with such a thing.
 */
export function masked(url: string): string {
  const at = url.indexOf('?');
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at)];
  const hidesPath = plain(path).includes(SECRET);
  const hidesQuery = /[?&;]link\b/i.test(plain(query)) || plain(query).includes(SECRET);
  return (hidesPath ? `/${MASK}` : path) + (hidesQuery ? `?${MASK}` : query);
}

/** Without escapes, escaped ones too. */
function plain(text: string): string {
  let rest = text;
  for (let before = ''; before !== rest;) {
    before = rest;
    rest = rest.replaceAll(/%([0-9a-f]{2})/gi, (_whole, hex: string) =>
      String.fromCharCode(Number(`0x${hex}`)),
    );
  }
  return rest;
}
