import type { Io } from './command.ts';

/** Tells how far long work has come. */
export interface Progress {
  /** Without a total when nobody knows it. */
  at(done: number, total?: number): void;
  /** The work is over: nothing is written after it. */
  end(): void;
}

export interface ProgressOptions {
  /** Nothing is written unless standard error is a terminal. */
  readonly terminal?: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Milliseconds between two lines, and before the first: short work says nothing. */
const EVERY = 5_000;

/** Plain lines to standard error, at most one in five seconds, when that is a terminal: `verifying entries: 12000 of 40000 (30 %)`. */
export function progressTo(io: Pick<Io, 'err'>, title: string, options: ProgressOptions = {}): Progress {
  const { terminal = process.stderr.isTTY, now = () => performance.now() } = options;
  let said = now();
  let open: boolean = terminal;
  return {
    at(done, total) {
      if (!open || now() - said < EVERY) return;
      said = now();
      const share = total !== undefined && total > 0 ? ` (${Math.floor((100 * done) / total)} %)` : '';
      io.err(`${title}: ${done}${total === undefined ? '' : ` of ${total}${share}`}`);
    },
    end() {
      open = false;
    },
  };
}
