import type { Logger } from 'pino';
import type { AgentSpec, AuthoritySpec } from '../config/contract.ts';
import type { EvidenceLog } from '../evidence/contract.ts';
import { requestToken } from '../evidence/timestamp/request.ts';
import { openToken, parseAuthorities, type TokenInfo } from '../evidence/timestamp/token.ts';
import { EngineError } from './error.ts';
import type { Clock } from './clock.ts';
import { type Conditions, troubleOn } from './conditions.ts';
import { failureCause } from './retry-policy.ts';
import type { MetricsSnapshot } from './view.ts';

export interface StampOptions {
  readonly log: Pick<EvidenceLog, 'checkpoint' | 'addToken' | 'stamped'>;
  readonly logger: Logger;
  /** Unix seconds. */
  readonly now: () => number;
  readonly request?: typeof requestToken;
  /** Told what time each token says. */
  readonly clock?: Pick<Clock, 'heard'>;
  /** Told what keeps us from each authority. */
  readonly conditions?: Pick<Conditions, 'report'>;
}

/** What conditions call an authority. */
export function authoritySubject(name: string): string {
  return `timestamp authority ${name}`;
}

/** Has the log's checkpoints timestamped by RFC 3161 authorities. Holds no timer; what fails is told, counted and tried again, never thrown. */
export interface Stamper {
  /** Takes over another configuration: an authority that is new or changed is due at once. The tokens kept last are looked at first. */
  configure(timestamps: AgentSpec['timestamps']): Promise<void>;
  /** When an authority is due next, Unix seconds; Infinity while none is configured. */
  nextAt(): number;
  /**
   * Asks the authorities that are due, side by side, unless they have stamped the newest checkpoint already. `once`: whether they are due or not,
   * none for longer than so many seconds.
   */
  stamp(signal: AbortSignal, once?: { readonly patience: number }): Promise<void>;
  metrics(): MetricsSnapshot['timestamps'];
}

interface Item {
  readonly authority: AuthoritySpec;
  readonly every: number;
  dueAt: number;
  running: boolean;
  /** Size of the checkpoint that it stamped last. */
  stamped: number;
  /** In a row. */
  failures: number;
}

/** Seconds between an authority's clock and ours (ADR 0015), and between its token and an earlier one of any authority. */
const TOLERANCE = 300;
/** Seconds before the first further try; each doubles, up to the cadence. */
const FIRST_RETRY = 60;

export function createStamper({
  log,
  logger,
  now,
  request = requestToken,
  clock,
  conditions,
}: StampOptions): Stamper {
  let items: readonly Item[] = [];
  const counts = new Map<string, number>();
  let latest: number | undefined;

  async function ask(item: Item, patience: number, signal: AbortSignal): Promise<void> {
    const { name, timeout } = item.authority;
    const { size, note } = log.checkpoint();
    if (size === item.stamped) return again(item, item.every);
    try {
      const authority = { ...item.authority, timeout: Math.min(timeout, patience) };
      const { response, info } = await request(authority, Buffer.from(note), signal);
      clock?.heard(info.genTime, authoritySubject(name));
      assertTimely(info);
      await log.addToken(size, name, response);
      took(item, size, info);
    } catch (error) {
      if (!signal.aborted) failed(item, error);
    }
  }

  /** Throws `clock`. A token that goes back behind an earlier one would make all later ones doubtful. */
  function assertTimely({ genTime, accuracy }: TokenInfo): void {
    const ahead = genTime - now();
    if (Math.abs(ahead) > TOLERANCE) {
      const way = ahead > 0 ? 'ahead of' : 'behind';
      throw new EngineError('clock', `its clock is ${Math.abs(ahead)} s ${way} ours`);
    }
    if (latest !== undefined && genTime + accuracy + TOLERANCE < latest) {
      throw new EngineError(
        'clock',
        `its token is ${latest - genTime} s older than one that was kept before`,
      );
    }
  }

  function took(item: Item, size: number, info: TokenInfo): void {
    item.stamped = size;
    item.failures = 0;
    conditions?.report(authoritySubject(item.authority.name), undefined);
    again(item, item.every);
    const { genTime, accuracy, policy, serial } = info;
    latest = Math.max(latest ?? genTime, genTime);
    logger.info(
      { event: 'timestamped', authority: item.authority.name, size, genTime, accuracy, policy, serial },
      'timestamped',
    );
  }

  function failed(item: Item, error: unknown): void {
    const { name } = item.authority;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    item.failures += 1;
    const retryIn = Math.min(item.every, FIRST_RETRY * 2 ** (item.failures - 1));
    again(item, retryIn);
    const { detail } = failureCause(error);
    const reason = error instanceof Error && 'code' in error ? error.code : 'internal';
    conditions?.report(authoritySubject(name), troubleOn(authoritySubject(name), error));
    logger.warn({ event: 'timestamp_failed', authority: name, reason, detail, retryIn }, 'no timestamp');
  }

  function again(item: Item, seconds: number): void {
    item.dueAt = now() + seconds;
  }

  /** A time that was set when the clock stood later is not waited for. */
  function dueAt(item: Item): number {
    return item.dueAt > now() + item.every ? now() : item.dueAt;
  }

  /** What was kept before this process began, as far as an authority that is configured still vouches for it. */
  async function recall(authorities: readonly AuthoritySpec[]): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    try {
      const { size, note, tokens } = (await log.stamped()) ?? { size: 0, note: '', tokens: [] };
      for (const { authority, response } of tokens) {
        const ca = authorities.find(({ name }) => name === authority)?.ca;
        if (ca === undefined) continue;
        const { genTime } = await openToken(response, Buffer.from(note), parseAuthorities(ca));
        latest = Math.max(latest ?? genTime, genTime);
        sizes.set(authority, size);
      }
    } catch (error) {
      const { detail } = failureCause(error);
      logger.warn({ event: 'timestamp_doubtful', detail }, 'a timestamp that was kept is not to be believed');
    }
    return sizes;
  }

  return {
    async configure(timestamps) {
      const authorities = timestamps?.authorities ?? [];
      const stamped = await recall(authorities);
      const before = items;
      items = authorities.map((authority) => {
        const every = timestamps?.every ?? Infinity;
        const same = before.find((item) => sameWork(item, authority, every));
        counts.set(authority.name, counts.get(authority.name) ?? 0);
        const { name } = authority;
        const fresh = {
          authority,
          every,
          dueAt: now(),
          running: false,
          stamped: stamped.get(name) ?? 0,
          failures: 0,
        };
        return same ?? fresh;
      });
    },
    nextAt: () => Math.min(...items.filter(({ running }) => !running).map(dueAt)),
    async stamp(signal, once) {
      const asked = items.filter((item) => !item.running && (once !== undefined || dueAt(item) <= now()));
      const work = asked.map(async (item) => {
        item.running = true;
        await ask(item, once?.patience ?? Infinity, signal).finally(() => (item.running = false));
      });
      await Promise.all(work);
    },
    metrics: () => ({
      lastTokenAt: latest ?? null,
      failures: Object.fromEntries(items.map(({ authority: { name } }) => [name, counts.get(name) ?? 0])),
    }),
  };
}

function sameWork(item: Item, authority: AuthoritySpec, every: number): boolean {
  return JSON.stringify([item.authority, item.every]) === JSON.stringify([authority, every]);
}
