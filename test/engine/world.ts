import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { plugins } from '../../src/collectors/registry.ts';
import { loadConfig } from '../../src/config/load.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { Agent } from '../../src/engine/agent.ts';
import { createClock } from '../../src/engine/clock.ts';
import { createSandbox, type SandboxOptions } from '../../src/inventory/sandbox.ts';
import { readMetrics } from '../../src/engine/state/metrics.ts';
import { openStores, rebuildState, type Stores } from '../../src/engine/stores.ts';
import type { AgentView, PageQuery } from '../../src/engine/view.ts';

export const NOW = Date.parse('2026-06-01T12:00:00Z') / 1000;

const AGENT = `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec: { organisation: Test, domain: test.example, data: DATA, commitWindow: 1s, listen: "127.0.0.1:0" }
`;

/** An organisation in a temporary directory, its clock set by the test. */
export interface World extends AsyncDisposable {
  readonly directory: string;
  now: number;
  /** Seconds of the clock that nobody sets; follows `now` unless it is set. */
  elapsed: number | undefined;
  write(file: string, text: string): Promise<void>;
  /** Opens agent and stores; the caller disposes of them. */
  open(): Promise<{ readonly agent: Agent; readonly stores: Stores } & AsyncDisposable>;
  config(): ReturnType<typeof loadConfig>;
  rebuild(): Promise<number>;
}

export interface WorldOptions {
  /** Manifests beside the Agent's. */
  readonly manifests: Readonly<Record<string, string>>;
  /** The product's own checks too. */
  readonly builtin?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly sandbox?: SandboxOptions;
  /** Silent unless given. */
  readonly logger?: Logger;
}

let read: ReturnType<typeof builtinChecks> | undefined;
/** The product's checks, read once for all worlds. */
const own = () => (read ??= builtinChecks());

export async function makeWorld(options: WorldOptions): Promise<World> {
  const { manifests, builtin = false, env = {}, logger = pino({ level: 'silent' }) } = options;
  const directory = await mkdtemp(join(tmpdir(), 'annexa-world-'));
  const configDirectory = join(directory, 'config');
  await mkdir(configDirectory);
  const checks = builtin ? await own() : [];
  const build = { version: '0.0.0', revision: 'test', node: process.versions.node };
  const world: World = {
    directory,
    now: NOW,
    elapsed: undefined,
    write: (file, text) => writeFile(join(configDirectory, file), text),
    config: () =>
      loadConfig(configDirectory, {
        env,
        plugins: [...plugins.values()],
        builtinChecks: checks,
        now: world.now,
      }),
    async open() {
      const config = await world.config();
      const sandbox = createSandbox(options.sandbox);
      const clock = createClock({ system: () => world.now, elapsed: () => world.elapsed ?? world.now });
      const stores = await openStores(
        {
          config: { ...config, agent: { ...config.agent, commitWindow: 0 } },
          logger,
          now: () => clock.now(),
          env,
          build,
          notice: () => {},
        },
        sandbox,
      );
      const agent = new Agent({ config, stores, logger, clock, env, build, random: () => 0 });
      const close = async () => {
        await agent[Symbol.asyncDispose]();
        await sandbox[Symbol.asyncDispose]();
      };
      return { agent, stores, [Symbol.asyncDispose]: close };
    },
    async rebuild() {
      return rebuildState({
        config: await world.config(),
        logger,
        now: () => world.now,
        env,
        build,
        notice: () => {},
      });
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
  await world.write('agent.yaml', AGENT.replace('DATA', JSON.stringify(join(directory, 'data'))));
  for (const [file, text] of Object.entries(manifests)) await world.write(file, text);
  return world;
}

/** Every answer of the API, and what the metrics are made of, as JSON: the lists whole, and each item of its own. */
export async function allAnswers({
  agent: { view },
  stores,
}: {
  readonly agent: { readonly view: AgentView };
  readonly stores: Stores;
}): Promise<Record<string, string>> {
  const lists = [
    'controls',
    'checks',
    'deviations',
    'collectors',
    'runs',
    'evidence',
    'exceptions',
    'attestations',
  ] as const;
  const answers: Record<string, string> = {};
  const items: Record<string, readonly unknown[]> = {};
  for (const list of lists) {
    const found: unknown[] = [];
    let cursor: string | undefined;
    do {
      const query: PageQuery = { limit: 7, cursor };
      const page = await view[list](query);
      found.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    items[list] = found;
    answers[list] = JSON.stringify(found);
  }
  const controls = (await view.controls({ limit: 1000 })).items;
  for (const { id } of controls) answers[`controls/${id}`] = JSON.stringify(await view.control(id));
  for (const { name } of (await view.checks({ limit: 1000 })).items)
    answers[`checks/${name}`] = JSON.stringify(await view.check(name));
  for (const { index } of (await view.evidence({ limit: 1000 })).items)
    answers[`evidence/${index}`] = JSON.stringify(await view.entry(index));
  for (const name of ['soa', 'scope', 'checkpoint'] as const)
    answers[name] = JSON.stringify(await view[name]());
  answers['metrics'] = JSON.stringify(await readMetrics(stores.state, stores.log));
  return answers;
}
