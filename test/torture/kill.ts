import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { createRandom } from './random.ts';

export interface KillOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly report: (line: string) => void;
}

export interface KillResult {
  readonly rounds: number;
  /** Entries that agents had acknowledged before they were killed. */
  readonly acknowledged: number;
  /** Rounds in which two agents were started at once. */
  readonly pairs: number;
  readonly problems: readonly string[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A store is thrown away after this many rounds, so that its making is killed too. */
const ROUNDS_PER_STORE = 20;
const VERIFY_EVERY = 5;
/** Milliseconds: up to when an agent is killed after its start. */
const LATEST_KILL = 8000;

/**
 * Starts the agent on the sample organisation, collecting every second, and kills it at a random moment, again and again; at
 * times two agents are started at once. What one of them has reported as sealed must be in the log ever after, the store must verify, and at
 * last an agent must go on by itself and stop when it is asked to.
 */
export async function kill({ rounds, seed, report }: KillOptions): Promise<KillResult> {
  const random = createRandom(seed);
  const problems: string[] = [];
  let acknowledged = 0;
  let pairs = 0;
  for (let first = 0; first < rounds; first += ROUNDS_PER_STORE) {
    const directory = await mkdtemp(join(tmpdir(), 'annexa-kill-'));
    try {
      await prepare(directory);
      const known = new Map<number, string>();
      for (let round = first; round < Math.min(rounds, first + ROUNDS_PER_STORE); round += 1) {
        const pair = random.below(4) === 0;
        if (pair) pairs += 1;
        await killedRun(directory, pair ? 2 : 1, random.below(LATEST_KILL), known, problems);
        await assertKept(directory, known, `round ${round}`, problems);
        if (round % VERIFY_EVERY === VERIFY_EVERY - 1)
          await assertVerifies(directory, `round ${round}`, problems);
        report(
          `round ${round + 1} of ${rounds}: ${acknowledged + known.size} acknowledged, ${problems.length} problems`,
        );
      }
      await assertGoesOn(directory, known, problems);
      await assertKept(directory, known, 'the last run', problems);
      await assertVerifies(directory, 'the last run', problems);
      acknowledged += known.size;
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  return { rounds, acknowledged, pairs, problems };
}

/** The sample organisation, with a schedule that leaves no moment idle. */
async function prepare(directory: string): Promise<void> {
  const config = join(directory, 'config');
  await cp(join(root, 'examples/acme'), config, { recursive: true });
  const agent = await readFile(join(config, 'annexa.yaml'), 'utf8');
  await writeFile(
    join(config, 'annexa.yaml'),
    agent
      .replace(/^( *)data: .*$/m, `$1data: ${join(directory, 'data')}`)
      .replace(/^( *)listen: .*$/m, '$1listen: 127.0.0.1:0'),
  );
  const collectors = await readFile(join(config, 'collectors.yaml'), 'utf8');
  await writeFile(
    join(config, 'collectors.yaml'),
    collectors.replaceAll(/schedule: ('[^']*'|every \w+)/g, 'schedule: every 1s'),
  );
}

function start(directory: string, known: Map<number, string>, problems: string[]): ChildProcess {
  const child = spawn(process.execPath, ['src/main.ts', 'run', '--config', join(directory, 'config')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ANNEXA_LOG_LEVEL: 'info' },
  });
  createInterface({ input: child.stderr }).on('line', (line) => acknowledge(line, known, problems));
  return child;
}

/** What an agent reports as sealed is acknowledged: it has to stay. */
function acknowledge(line: string, known: Map<number, string>, problems: string[]): void {
  const match = /"entry":(\d+),"leaf":"([0-9a-f]{64})"/.exec(line);
  if (match === null) return;
  const [index, leaf] = [Number(match[1]), match[2]!];
  const before = known.get(index);
  if (before !== undefined && before !== leaf)
    problems.push(`entry ${index} was acknowledged twice, as ${before} and as ${leaf}`);
  known.set(index, leaf);
}

async function killedRun(
  directory: string,
  agents: number,
  after: number,
  known: Map<number, string>,
  problems: string[],
): Promise<void> {
  const children = Array.from({ length: agents }, () => start(directory, known, problems));
  const closed = children.map((child) => once(child, 'close'));
  await delay(after);
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(closed);
}

async function assertKept(
  directory: string,
  known: ReadonlyMap<number, string>,
  when: string,
  problems: string[],
): Promise<void> {
  if (known.size === 0) return;
  const reader = await readStore(join(directory, 'data/evidence'));
  for (const [index, leaf] of known) {
    const entry = await reader.entry(index).catch(() => undefined);
    if (entry?.leafHash !== leaf)
      problems.push(`${when}: entry ${index}, acknowledged as ${leaf}, is ${entry?.leafHash ?? 'lost'}`);
  }
}

async function assertVerifies(directory: string, when: string, problems: string[]): Promise<void> {
  const evidence = join(directory, 'data/evidence');
  const report = await verifyDirectory(evidence);
  // Killed before its first checkpoint, a store has nothing to verify yet.
  if (report.ok || (await isUnborn(evidence))) return;
  problems.push(`${when}: ${report.problems.map(({ where, message }) => `${where}: ${message}`).join('; ')}`);
}

async function isUnborn(evidence: string): Promise<boolean> {
  return readFile(join(evidence, 'log/checkpoint')).then(
    () => false,
    () => true,
  );
}

async function assertGoesOn(
  directory: string,
  known: Map<number, string>,
  problems: string[],
): Promise<void> {
  const enough = known.size + 3;
  const child = start(directory, known, problems);
  const closed = once(child, 'close');
  for (let waited = 0; waited < 60_000 && child.exitCode === null && known.size < enough; waited += 100)
    await delay(100);
  if (known.size < enough) problems.push('the agent did not go on by itself');
  child.kill('SIGTERM');
  const [code] = await closed;
  if (code !== 0) problems.push(`asked to stop, the agent ended with ${String(code)}`);
}
