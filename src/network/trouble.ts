/** What lies between us and whom we ask: not the other's fault. */
export interface NetworkTrouble {
  readonly kind: 'name-resolution' | 'proxy';
  /** What to tell, without secrets. */
  readonly words: string;
}

/** Of getaddrinfo and of c-ares. */
const RESOLUTION = /^(ENOTFOUND|EAI_[A-Z]+|ENODATA|ESERVFAIL|EREFUSED|ETIMEOUT|ENONAME|ENOTIMP)$/;

/** Why a request did not reach the other side, as far as that lies in between; looks at what caused the error, too. */
export function networkTrouble(error: unknown): NetworkTrouble | undefined {
  for (const cause of causesOf(error)) {
    const found = resolution(cause) ?? proxy(cause);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of an answer's status, where a proxy alone gives such an answer. */
export function statusTrouble(status: number | undefined): NetworkTrouble | undefined {
  return status === 407 ? refusedBy(status) : undefined;
}

function resolution(error: Error): NetworkTrouble | undefined {
  const code = textOf(error, 'code');
  if (!RESOLUTION.test(code)) return undefined;
  const name = textOf(error, 'hostname');
  const words = `the name${name === '' ? '' : ` ${name}`} can't be resolved (${code})`;
  return { kind: 'name-resolution', words };
}

function proxy(error: Error): NetworkTrouble | undefined {
  // Node's agents, then undici, which tells it by its message alone.
  if (textOf(error, 'code') === 'ERR_PROXY_TUNNEL') {
    // Of libraries that pass it on, the words alone are left.
    const [, told] = /\bHTTP\/1\.\d (\d{3})\b/.exec(error.message) ?? [];
    return refusedBy(told === undefined ? undefined : Number(told));
  }
  const [, status] = /^Proxy response \((\d{3})\)/.exec(error.message) ?? [];
  return status === undefined ? undefined : refusedBy(Number(status));
}

function refusedBy(status: number | undefined): NetworkTrouble {
  if (status === undefined) return { kind: 'proxy', words: 'the proxy opens no way there' };
  // 407 without credentials; some proxies say 401 of wrong ones. The other side is not asked before the way is open.
  const why =
    status === 407 || status === 401
      ? 'asks for other credentials than HTTPS_PROXY or HTTP_PROXY has'
      : 'opens no way there';
  return { kind: 'proxy', words: `the proxy ${why} (${status})` };
}

function textOf(error: Error, field: string): string {
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'string' ? value : '';
}

/** The error, what caused it and what it is made of, a few steps deep. */
function causesOf(error: unknown, depth = 0): readonly Error[] {
  if (!(error instanceof Error) || depth > 6) return [];
  const inner = error instanceof AggregateError ? [...error.errors] : [];
  return [error, ...[error.cause, ...inner].flatMap((cause) => causesOf(cause, depth + 1))];
}
