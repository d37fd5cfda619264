/** 0 fine · 1 the answer is no · 2 bad usage or configuration · 3 could not be done. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface Io {
  /** A line to standard output. */
  readonly out: (line: string) => void;
  /** A line to standard error. */
  readonly err: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires when the process is asked to end. */
  readonly stop: AbortSignal;
}

export interface Command {
  readonly name: string;
  /** What follows the name. */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  run(args: readonly string[], io: Io): Promise<ExitCode>;
}

/** The command line is not one of the command's: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
