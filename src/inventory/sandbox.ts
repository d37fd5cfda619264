import { fileURLToPath } from 'node:url';
import { InventoryError } from './error.ts';
import type { Kind, SourceRef } from './kind.ts';
import { kinds as everyKind } from './kinds.ts';
import { Child } from './query/child.ts';
import { keyOf } from './query/key.ts';
import type { KindTables, Reply, RowColumns, SourceTally } from './query/protocol.ts';
import { type CompiledByDigest, compileDigest, shipped } from './query/shipped.ts';
import type {
  CheckQuery,
  CompiledQuery,
  QueryResult,
  QueryRow,
  Sandbox,
  SourceCount,
  Standing,
} from './query-contract.ts';
import { typed } from './typed.ts';
import { compareUtf8 } from './utf8.ts';

export interface SandboxOptions {
  /** As `attach`. */
  readonly file?: string | undefined;
  /** Seconds that one check may take. 30 unless set. */
  readonly deadline?: number;
  /** Resident bytes that the child may have. 256 MiB unless set. Watched on Linux alone. */
  readonly memory?: number;
  /** The child's entry. Unless set, `sandbox-child` beside this file, with this file's extension. */
  readonly entry?: string;
  readonly kinds?: ReadonlyMap<string, Kind>;
  /** What was compiled before. Unless set, what the build compiled. */
  readonly compiled?: CompiledByDigest;
}

/**
 * Compiles checks in one child process and runs them in another; see query-contract.ts. A child has no environment and knows only the file it
 * reads. Each is started on demand and ended when nothing was asked for a while.
 */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const described = describeKinds(options.kinds ?? everyKind);
  const settings = {
    entry: options.entry ?? defaultEntry(),
    deadline: options.deadline ?? 30,
    memory: options.memory ?? 256 * 1_048_576,
  };
  const compiler = new Child({
    ...settings,
    idle: 0.1,
    start: { type: 'start', kinds: described, file: undefined },
  });
  const runnerOf = (file: string) =>
    new Child({ ...settings, idle: 2, start: { type: 'start', kinds: described, file } });
  let runner = options.file === undefined ? undefined : runnerOf(options.file);
  const before = new Map(Object.entries(options.compiled ?? shipped));
  const digestOf = compileDigest(described);
  const compiled = new Map<string, CompiledQuery>();
  const compile = async (query: CheckQuery) => {
    const key = keyOf(query);
    const known = compiled.get(key) ?? before.get(digestOf(query));
    if (known !== undefined) return known;
    const reply = await compiler.ask({ type: 'compile', query }, query.name);
    if (reply.type !== 'compiled') throw failed(query.name, `the child answered ${reply.type}`);
    compiled.set(key, reply.compiled);
    return reply.compiled;
  };
  return {
    warm: () => {
      if (before.size === 0) compiler.warm();
    },
    attach: (file) => void (runner = runnerOf(file)),
    compile,
    async run(query, now, { standing = [], population = false } = {}) {
      if (!Number.isSafeInteger(now)) throw failed(query.name, `now is ${now}; expected whole Unix seconds`);
      if (runner === undefined) throw failed(query.name, 'there is no inventory to run it on');
      const { nullable } = await compile(query);
      // The parser takes as much memory as a query: not both at once.
      if (!runner.running) await compiler.rest();
      const result = new ResultBuilder(nullable);
      const request = { type: 'run', query, nullable, now, standing, population } as const;
      const reply = await runner.ask(request, query.name, (part) => {
        result.take(part);
      });
      if (reply.type !== 'done') throw failed(query.name, `the child answered ${reply.type}`);
      return result.finish(reply.standing);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([compiler.stop(), runner?.stop()]);
    },
  };
}

function defaultEntry(): string {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return fileURLToPath(new URL(`./sandbox-child${extension}`, import.meta.url));
}

export function describeKinds(kinds: ReadonlyMap<string, Kind>): KindTables[] {
  return [...kinds.values()].map(({ name, tables, computed }) => ({
    kind: name,
    tables,
    computed: computed ?? {},
  }));
}

class ResultBuilder {
  readonly #sources = new Map<number, SourceRef>();
  readonly #counts: SourceCount[] = [];
  readonly #rows: QueryRow[] = [];
  readonly #nullable: readonly string[];
  /** One text for all that lack the same. */
  readonly #reasons = new Map<number, string>();

  constructor(nullable: readonly string[]) {
    this.#nullable = nullable;
  }

  take(part: Reply): void {
    if (part.type === 'tallies') for (const tally of part.tallies) this.#tally(tally);
    if (part.type === 'rows') this.#take(part.rows);
  }

  #tally([number, key, table, population, undecided]: SourceTally): void {
    const source = typed<SourceRef>(JSON.parse(key));
    this.#sources.set(number, source);
    this.#counts.push({ source, table, population, undecided });
  }

  #take({ ids, sources, told }: RowColumns): void {
    for (const [at, id] of ids.entries()) {
      const source = this.#sources.get(sources[at]!)!;
      const what = told[at]!;
      if (what === null) this.#rows.push({ id, source, outcome: 'pass', reason: '' });
      else if (typeof what === 'string') this.#rows.push({ id, source, outcome: 'fail', reason: what });
      else this.#rows.push({ id, source, outcome: 'unknown', reason: this.#unsaid(what) });
    }
  }

  #unsaid(bits: number): string {
    let reason = this.#reasons.get(bits);
    if (reason === undefined) {
      const columns = this.#nullable.filter((_, bit) => (bits >> bit) & 1);
      reason = columns.length === 0 ? 'not known' : `not known: ${columns.join(', ')}`;
      this.#reasons.set(bits, reason);
    }
    return reason;
  }

  finish(standing: readonly (readonly [string, Standing])[]): QueryResult {
    // The rows come sorted within their source.
    if (this.#rows[0]?.source !== this.#rows.at(-1)?.source)
      this.#rows.sort((one, other) => compareUtf8(one.id, other.id));
    return { counts: this.#counts, rows: this.#rows, standing: new Map(standing) };
  }
}

function failed(check: string, problem: string): InventoryError {
  return new InventoryError('query-failed', `check ${check}: ${problem}`);
}
