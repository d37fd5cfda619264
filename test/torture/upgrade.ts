import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { annexa } from '../e2e/process.ts';
import { type Answers, answersOf, kept, lasting } from '../upgrade/answers.ts';

const run = promisify(execFile);
/** The commit that is upgraded from, as Git names it. */
const FROM = process.env['UPGRADE_FROM'] ?? 'HEAD^';
const NEW = resolve(import.meta.dirname, '../..');

interface Attempt {
  readonly data: string;
  readonly report: (line: string) => void;
  readonly complain: (line: string) => void;
}

/**
 * The previous commit, or UPGRADE_FROM, really runs (with today's dependencies), this one opens what it left, and the previous one again what this one left.
 * Returns what did not hold; needs a checkout with its history.
 */
export async function upgradeFromPrevious(report: (line: string) => void): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-upgrade-'));
  const complaints: string[] = [];
  try {
    const old = join(directory, 'old');
    const { stdout } = await run('git', ['rev-parse', '--verify', `${FROM}^{commit}`], { cwd: NEW });
    await checkout(stdout.trim(), old);
    report(`${stdout.slice(0, 12)} begins a log, and this commit goes on with it`);
    const attempt = {
      data: join(directory, 'data'),
      report,
      complain: (line: string) => void complaints.push(line),
    };
    await thereAndBack(old, attempt);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return complaints;
}

async function thereAndBack(old: string, attempt: Attempt): Promise<void> {
  const evidence = join(attempt.data, 'evidence');
  const checkpoint = () => readFile(join(evidence, 'log/checkpoint'), 'utf8');
  const then = await live(old, attempt.data);
  const first = await checkpoint();
  compare('read-only', then, await ask(NEW, ['serve', evidence], 'Ctrl-C'), attempt);
  const now = await live(NEW, attempt.data);
  const second = await checkpoint();
  compare('after the upgrade', lasting(then), lasting(now), attempt);
  const again = await live(old, attempt.data);
  compare('after going back', lasting(now), lasting(again), attempt);
  for (const [title, since] of Object.entries({ 'the old one': first, 'the new one': second })) {
    const note = join(attempt.data, 'since');
    await writeFile(note, since);
    const { code, out } = await annexa(['verify', evidence, '--since', note]).ended;
    if (code !== 0 || sizeOf(await checkpoint()) <= sizeOf(since))
      attempt.complain(`the log does not go on from the checkpoint of ${title}: ${out}`);
  }
}

/** The agent of a checkout on the registers of the examples, until it has settled. */
function live(root: string, data: string): Promise<Answers> {
  return ask(root, ['run', '--config', 'examples/registers/annexa'], 'Ctrl-C', { ANNEXA_DATA: data });
}

async function ask(
  root: string,
  args: readonly string[],
  ready: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Answers> {
  const running = annexa(args, { ANNEXA_LISTEN: '127.0.0.1:0', ...env }, root);
  try {
    const said = await running.said(ready);
    return await answersOf(/http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '');
  } finally {
    running.child.kill('SIGTERM');
    const { code, err } = await running.ended;
    if (code !== 0) process.stderr.write(`${args[0]} of ${root} ended with ${code}: ${err}`);
  }
}

function compare(title: string, before: Answers, after: Answers, { report, complain }: Attempt): void {
  const paths = Object.keys(before);
  const changed = paths.filter((path) => !kept(before[path], after[path]));
  for (const path of changed) complain(`${title}: ${path} is answered otherwise`);
  report(`${title}: ${paths.length - changed.length} of ${paths.length} answers kept`);
}

async function checkout(commit: string, directory: string): Promise<void> {
  const archive = `${directory}.tar`;
  await mkdir(directory);
  await run('git', ['archive', '--output', archive, commit], { cwd: NEW });
  await run('tar', ['-xf', archive, '-C', directory]);
  await symlink(join(NEW, 'node_modules'), join(directory, 'node_modules'));
}

function sizeOf(checkpoint: string): number {
  return Number(checkpoint.split('\n')[1]);
}
