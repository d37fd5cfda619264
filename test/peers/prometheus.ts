import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';

function program(name: string): string {
  const path = join(process.env['ANNEXA_PEERS_BIN'] ?? join(homedir(), '.cache/annexa/bin'), name);
  if (!existsSync(path)) throw new Error(`no ${path}: run test/peers/install.sh or set ANNEXA_PEERS_BIN`);
  return path;
}

/** promtool or amtool: whether it ended well, and all that it printed. */
export function tool(
  name: 'promtool' | 'amtool',
  args: readonly string[],
  input = '',
): Promise<{ readonly ok: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    const child = execFile(program(name), args, (error, out, err) =>
      resolve({ ok: error === null, output: `${out}${err}` }),
    );
    child.stdin?.end(input);
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('a TCP port was asked for');
  return address.port;
}

/** Starts a program in a directory of its own, and waits for a line of its log. */
async function start(
  name: string,
  args: readonly string[],
  cwd: string,
  ready: string,
): Promise<ChildProcess> {
  const child = spawn(program(name), args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${log}`)));
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes(ready)) resolve();
    });
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const answer = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.string(),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

export interface Vector {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

const targetsAnswer = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ scrapePool: z.string(), health: z.enum(['up', 'down', 'unknown']), lastError: z.string() }),
    ),
  }),
});

export interface Prometheus extends AsyncDisposable {
  /** Each job's first target: `up`, `unknown` before the first scrape, or why it is down. */
  health(): Promise<Readonly<Record<string, string>>>;
  /** What the expression is now; rejects with Prometheus' own words when it is none. */
  query(expression: string): Promise<readonly Vector[]>;
  /** The values of a label, as a dashboard's variable asks for them. */
  labelValues(label: string, selector: string): Promise<readonly string[]>;
  /** Ends its process, so that it must be started again to answer. */
  readonly url: string;
}

export interface PrometheusOptions {
  /** `host:port` of what is scraped, by job. */
  readonly targets?: Readonly<Record<string, string>>;
  /** Further scrape configurations, files by absolute paths. */
  readonly jobs?: readonly object[];
  /** Text of a file of rules. */
  readonly rules?: string;
  /** `host:port` */
  readonly alertmanager?: string;
  /** Directory of samples from before, absolute. */
  readonly data?: string;
  readonly flags?: readonly string[];
}

/** Debian's Prometheus on loopback, scraping and evaluating once a second. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-prometheus-'));
  const { targets = {}, jobs = [], rules, alertmanager, data = 'data', flags = [] } = options;
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: rules === undefined ? [] : ['rules.yaml'],
    scrape_configs: [
      ...Object.entries(targets).map(([job_name, target]) => ({
        job_name,
        static_configs: [{ targets: [target] }],
      })),
      ...jobs,
    ],
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
  };
  await writeFile(join(directory, 'prometheus.yaml'), stringify(config));
  if (rules !== undefined) await writeFile(join(directory, 'rules.yaml'), rules);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    '--config.file=prometheus.yaml',
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
    ...flags,
  ];
  const child = await start('prometheus', args, directory, 'Server is ready to receive web requests');
  const url = `http://${address}`;
  const ask = async (path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await fetch(`${url}${path}?${new URLSearchParams(parameters).toString()}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${Object.values(parameters)[0]}: ${text}`);
    return JSON.parse(text);
  };
  return {
    url,
    async query(expression) {
      const { data } = answer.parse(await ask('/api/v1/query', { query: expression }));
      return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    async health() {
      const { activeTargets } = targetsAnswer.parse(await ask('/api/v1/targets', { state: 'active' })).data;
      return Object.fromEntries(
        activeTargets.map(({ scrapePool, health, lastError }) => [scrapePool, lastError || health]),
      );
    },
    async labelValues(label, selector) {
      const values = await ask(`/api/v1/label/${label}/values`, { 'match[]': selector });
      return z.object({ data: z.array(z.string()) }).parse(values).data;
    },
    async [Symbol.asyncDispose]() {
      await stop(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Debian's Alertmanager on loopback, telling a webhook of each alert at once. */
export async function startAlertmanager(
  webhook: string,
): Promise<{ readonly address: string } & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-alertmanager-'));
  const config = {
    route: {
      receiver: 'test',
      group_by: ['...'],
      group_wait: '0s',
      group_interval: '1s',
      repeat_interval: '1h',
    },
    receivers: [{ name: 'test', webhook_configs: [{ url: webhook, send_resolved: true }] }],
  };
  await writeFile(join(directory, 'alertmanager.yaml'), stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    '--config.file=alertmanager.yaml',
    '--storage.path=data',
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ];
  const child = await start('alertmanager', args, directory, 'Listening on');
  return {
    address,
    async [Symbol.asyncDispose]() {
      await stop(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
