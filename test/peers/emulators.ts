import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './authorities.ts';

/** A real API server of somebody else's, on loopback, whose clock can be set. */
export interface Emulator extends AsyncDisposable {
  readonly name: 'moto' | 'ministack';
  readonly endpoint: string;
  readonly account: string;
  /** The server's clock runs on from `daysAgo` days before now. */
  setClock(daysAgo: number): Promise<void>;
  /** When users last signed in to the console, by name, ISO 8601. Only moto tells it. */
  setSignIns(at: Readonly<Record<string, string>>): Promise<void>;
}

export interface RootState {
  readonly secondFactor: boolean;
  readonly keys: number;
}

/** The virtual environment with moto and ministack. Fails when it is not there: peers are never skipped. */
function venv(): string {
  const directory = process.env['ANNEXA_PEERS_VENV'] ?? join(homedir(), '.cache/annexa/venv');
  const python = join(directory, 'bin/python');
  if (!existsSync(python))
    throw new Error(`no ${python}: run test/peers/install.sh or set ANNEXA_PEERS_VENV`);
  return directory;
}

function faketime(): string {
  const found =
    globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0] ??
    globSync('/usr/lib/faketime/libfaketimeMT.so.1')[0];
  if (found === undefined) throw new Error('libfaketime is missing: install faketime');
  return found;
}

/**
 * moto (Apache-2.0): no root row in its credential report; the summary tells of the root user. AWS's managed policies take it five seconds for each
 * account.
 */
export async function startMoto(
  root: RootState = { secondFactor: true, keys: 0 },
  managedPolicies = true,
): Promise<Emulator> {
  const script = join(import.meta.dirname, 'moto_peer.py');
  return start('moto', '123456789012', (port) => ({
    arguments: [script, '-H', '127.0.0.1', '-p', String(port)],
    env: {
      MOTO_ROOT_MFA: root.secondFactor ? '1' : '0',
      MOTO_ROOT_KEYS: String(root.keys),
      MOTO_IAM_LOAD_MANAGED_POLICIES: String(managedPolicies),
    },
  }));
}

/** ministack (MIT): a root row, but no last use of anything and no change of passwords. */
export async function startMinistack(): Promise<Emulator> {
  return start('ministack', '000000000000', (port) => ({
    arguments: [join(venv(), 'bin/ministack')],
    env: { GATEWAY_PORT: String(port), BIND_HOST: '127.0.0.1', LOG_LEVEL: 'WARNING' },
  }));
}

async function start(
  name: Emulator['name'],
  account: string,
  command: (port: number) => { arguments: string[]; env: Record<string, string> },
): Promise<Emulator> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-peer-'));
  const clock = join(directory, 'clock');
  const signIns = join(directory, 'sign-ins.json');
  await writeFile(clock, '+0');
  await writeFile(signIns, '{}');
  const port = await freePort();
  const { arguments: args, env } = command(port);
  const child = spawn(join(venv(), 'bin/python'), args, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      TZ: 'UTC',
      LD_PRELOAD: faketime(),
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_CACHE_DURATION: '1',
      MOTO_SIGN_INS: signIns,
      ...env,
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    // What libfaketime leaves of a killed process would stop whoever gets its number next from starting.
    for (const left of [`faketime_shm_${child.pid}`, `sem.faketime_sem_${child.pid}`])
      await rm(join('/dev/shm', left), { force: true });
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answering(endpoint, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name,
    endpoint,
    account,
    setClock: (daysAgo) => setClock(endpoint, clock, daysAgo),
    setSignIns: (at) => writeFile(signIns, JSON.stringify(at)),
    [Symbol.asyncDispose]: stop,
  };
}

/** libfaketime looks at the file once a second: waits until the server's own Date shows it. */
async function setClock(endpoint: string, file: string, daysAgo: number): Promise<void> {
  await writeFile(file, `-${daysAgo * 86_400}`);
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(endpoint, {
      method: 'POST',
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    await answer.arrayBuffer();
    const ago = (Date.now() - Date.parse(answer.headers.get('date') ?? '')) / 1000;
    if (Math.abs(ago - daysAgo * 86_400) < 60) return;
    await sleep(100);
  }
  throw new Error(`the server's clock did not go to ${daysAgo} days ago`);
}

/** Waits until the server answers anything at all; rejects with what it wrote when it ends first. */
async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended: ${said}`);
    try {
      await fetch(endpoint, { method: 'POST', body: 'Action=GetCallerIdentity&Version=2011-06-15' });
      return;
    } catch {
      await sleep(200);
    }
  }
  throw new Error(`${child.spawnargs.join(' ')} does not answer: ${said}`);
}
