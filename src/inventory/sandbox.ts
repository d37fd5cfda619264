import { fileURLToPath } from 'node:url';
import { InventoryError } from './error.ts';
import type { Kind, SourceRef } from './kind.ts';
import { kinds as everyKind } from './kinds.ts';
import { Child } from './query/child.ts';
import type { KindTables, Reply, RowLine } from './query/protocol.ts';
import type { QueryResult, QueryRow, Sandbox } from './query-contract.ts';
import { typed } from './typed.ts';
import { compareUtf8 } from './utf8.ts';

export interface SandboxOptions {
  /** The inventory's file; absent: checks can be compiled, not run. */
  readonly file?: string | undefined;
  /** Seconds that one check may take. 30 unless set. */
  readonly deadline?: number;
  /** Resident bytes that the child may have. 256 MiB unless set. Watched on Linux alone. */
  readonly memory?: number;
  /** The child's entry. Unless set, `sandbox-child` beside this file, with this file's extension. */
  readonly entry?: string;
  readonly kinds?: ReadonlyMap<string, Kind>;
}

/** Runs checks in a child process; see query-contract.ts. The child has no environment and knows only the file it reads. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const child = new Child({
    entry: options.entry ?? defaultEntry(),
    start: { type: 'start', kinds: describeKinds(options.kinds ?? everyKind), file: options.file },
    deadline: options.deadline ?? 30,
    memory: options.memory ?? 256 * 1_048_576,
  });
  return {
    async compile(query) {
      const { reply } = await child.ask({ type: 'compile', query }, query.name);
      if (reply.type !== 'compiled') throw unexpected(query.name, reply);
      return reply.compiled;
    },
    async run(query, now, standing = []) {
      if (!Number.isSafeInteger(now)) {
        throw new InventoryError(
          'query-failed',
          `check ${query.name}: now is ${now}; expected whole Unix seconds`,
        );
      }
      const { reply, rows } = await child.ask({ type: 'run', query, now, standing }, query.name);
      if (reply.type !== 'done') throw unexpected(query.name, reply);
      return toResult(reply, rows);
    },
    async [Symbol.asyncDispose]() {
      await child.stop();
    },
  };
}

function defaultEntry(): string {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return fileURLToPath(new URL(`./sandbox-child${extension}`, import.meta.url));
}

function describeKinds(kinds: ReadonlyMap<string, Kind>): KindTables[] {
  return [...kinds.values()].map(({ name, tables, computed }) => ({
    kind: name,
    tables,
    computed: computed ?? {},
  }));
}

function toResult(done: Extract<Reply, { type: 'done' }>, lines: readonly RowLine[]): QueryResult {
  const sources = new Map(
    done.tallies.map(([number, source]) => [number, typed<SourceRef>(JSON.parse(source))]),
  );
  const counts = done.tallies.map(([number, , table, population, undecided]) => ({
    source: sources.get(number)!,
    table,
    population,
    undecided,
  }));
  const rows = lines.map(([id, source, told]): QueryRow => {
    const failed = told.startsWith('f');
    const outcome = failed ? 'fail' : 'unknown';
    return {
      id,
      source: sources.get(source)!,
      outcome,
      reason: failed ? told.slice(1) : unsaid(told.slice(1)),
    };
  });
  // The lines come sorted within their source.
  if (sources.size > 1) rows.sort((one, other) => compareUtf8(one.id, other.id));
  return { counts, rows, standing: new Map(done.standing) };
}

/** `, second_factor, created_at` */
function unsaid(columns: string): string {
  return columns === '' ? 'not known' : `not known: ${columns.slice(2)}`;
}

function unexpected(name: string, reply: Reply): InventoryError {
  return new InventoryError(
    'query-failed',
    `check ${name}: the process that runs checks answered ${reply.type}`,
  );
}
