import type { Collector, CollectorLogger, PermissionReport, Provenance } from '../collectors/contract.ts';
import type { InventoryRecord } from '../inventory/kind.ts';

/** Takes secrets out of what others say: a source may repeat what it was sent, and a message be cut anywhere in it. */
export interface Mask {
  /** From now on, and for good. */
  add(secret: string): void;
  text(told: string): string;
}

/** Shorter ones stand in a message by chance. */
const SHORTEST = 8;
/** Characters in a row that are enough to tell a secret, and the shortest part of a file (a key, a kubeconfig) that may be one. */
const WINDOW = 12;
const PART = 16;
const MASKED = '[secret]';

export function createMask(): Mask {
  const known = new Set<string>();
  const windows = new Set<string>();
  const short = new Set<string>();
  return {
    add(secret) {
      if (known.has(secret)) return;
      known.add(secret);
      for (const part of partsOf(secret))
        for (const spelling of spellings(part)) {
          if (spelling.length >= SHORTEST && spelling.length < WINDOW) short.add(spelling);
          for (let at = 0; at + WINDOW <= spelling.length; at += 1)
            windows.add(spelling.slice(at, at + WINDOW));
        }
    },
    text(whole) {
      const told = [...short].reduce((text, secret) => text.replaceAll(secret, MASKED), whole);
      let rest = '';
      let until = 0;
      for (let at = 0; windows.size > 0 && at + WINDOW <= told.length; at += 1) {
        if (!windows.has(told.slice(at, at + WINDOW))) continue;
        if (at > until || until === 0) rest += told.slice(until, at) + MASKED;
        until = at + WINDOW;
      }
      return until === 0 ? told : rest + told.slice(until);
    },
  };
}

/** A token is one part. Of a file with more in it, addresses and paths are none. */
function partsOf(secret: string): readonly string[] {
  const parts = secret.split(/[\s"',]+/);
  return parts.length === 1
    ? parts
    : parts.filter((part) => part.length >= PART && !/^(?:https?:|\/)|@|^-+/.test(part));
}

/** As headers, URLs, JSON and Basic credentials write it. */
function spellings(part: string): readonly string[] {
  const based = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), Buffer.from(part)]).toString('base64'),
  );
  // The first characters and the last depend on what stands beside it.
  const inner = based.map((text) => text.replace(/=+$/, '').slice(4, -1));
  const forUrls = inner.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [part, encodeURIComponent(part), JSON.stringify(part).slice(1, -1), ...inner, ...forUrls];
}

/** The error itself, with its causes, without secrets: what the engine makes of it are its messages. */
function maskError(error: unknown, mask: Mask, depth = 0): void {
  if (!(error instanceof Error) || depth > 4) return;
  const { message, stack } = error;
  const told = mask.text(message);
  if (told !== message) {
    error.message = told;
    if (stack !== undefined) error.stack = mask.text(stack);
  }
  maskError(error.cause, mask, depth + 1);
}

/** A collector whose errors and reports are masked. Records pass as they are: their schemas name what they hold. */
export function maskedCollector(collector: Collector, mask: Mask): Collector {
  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      maskError(error, mask);
      throw error;
    }
  }
  async function* records(from: AsyncIterable<InventoryRecord>): AsyncGenerator<InventoryRecord> {
    try {
      yield* from;
    } catch (error) {
      maskError(error, mask);
      throw error;
    }
  }
  return {
    scopes: (signal) => guarded(() => collector.scopes(signal)),
    collect: (dataset, scope, signal) => records(collector.collect(dataset, scope, signal)),
    preflight: (signal, datasets) =>
      guarded(async () => maskedReport(await collector.preflight(signal, datasets), mask)),
    [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
  };
}

function maskedReport({ caller, permissions }: PermissionReport, mask: Mask): PermissionReport {
  return {
    caller: mask.text(caller),
    permissions: permissions.map(({ detail, ...permission }) => ({
      ...permission,
      ...(detail === undefined ? {} : { detail: mask.text(detail) }),
    })),
  };
}

export function maskedProvenance(provenance: Provenance, mask: Mask): Provenance {
  return {
    setAsOf: (instant) => provenance.setAsOf(instant),
    setCaller: (identity) => provenance.setCaller(mask.text(identity)),
    setEndpoint: (url, vendor) => provenance.setEndpoint(url, vendor),
    call: (operation, { throttled, requestId }) =>
      provenance.call(operation, { throttled, requestId: requestId && mask.text(requestId) }),
    note: (name, value) => provenance.note(name, typeof value === 'string' ? mask.text(value) : value),
  };
}

export function maskedLogger(logger: CollectorLogger, mask: Mask): CollectorLogger {
  const fieldsOf = (fields: object) =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]: [string, unknown]) => {
        maskError(value, mask);
        return [name, typeof value === 'string' ? mask.text(value) : value];
      }),
    );
  const masked =
    (level: keyof CollectorLogger): CollectorLogger[typeof level] =>
    (fields, message) =>
      logger[level](fieldsOf(fields), mask.text(message));
  return { debug: masked('debug'), info: masked('info'), warn: masked('warn') };
}
