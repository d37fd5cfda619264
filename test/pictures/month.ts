import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { plugins } from '../../src/collectors/registry.ts';
import { loadConfig } from '../../src/config/load.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { Agent } from '../../src/engine/agent.ts';
import { createClock } from '../../src/engine/clock.ts';
import { openStores } from '../../src/engine/stores.ts';
import { createSandbox } from '../../src/inventory/sandbox.ts';
import { startServer } from '../../src/server/server.ts';
import { startMonthEstate } from './estate.ts';
import { makeOrganisation } from './organisation.ts';
import { type Month, STEP, STOPPED } from './story.ts';

const LABELS = 'job="annexa",instance="annexa.acme.example:8443"';

export interface Lived {
  /** The configuration directory, and where its evidence is. */
  readonly config: string;
  readonly data: string;
  /** What the agent's /metrics said through the month, as OpenMetrics with times. */
  readonly history: string;
}

/** Lives through a month of the sample organisation with the real agent, whose clock is set from one step to the next. */
export async function live(directory: string, month: Month, tell: (line: string) => void): Promise<Lived> {
  await using estate = await startMonthEstate(directory, month);
  const organisation = await makeOrganisation(directory, month);
  await organisation.keep(month.start);
  await estate.show(month.start);
  const logger = pino({ level: 'error' });
  const env = {
    ANNEXA_SAMPLE_ESTATE: estate.url,
    ANNEXA_SAMPLE_ACCESS_KEY_ID: 'sample',
    ANNEXA_SAMPLE_SECRET_ACCESS_KEY: 'sample',
  };
  let step = { at: month.start, since: performance.now() };
  const now = (): number => step.at + (performance.now() - step.since) / 1000;
  const checks = await builtinChecks();
  const load = () =>
    loadConfig(organisation.config, {
      env,
      plugins: [...plugins.values()],
      builtinChecks: checks,
      now: Math.floor(now()),
    });
  const loaded = await load();
  const config = { ...loaded, agent: { ...loaded.agent, commitWindow: 0 } };
  const build = { version: '0.1.0', revision: 'sample', node: process.versions.node };
  await using sandbox = createSandbox();
  const clock = createClock({ system: () => Math.floor(now()), elapsed: now });
  const stores = await openStores(
    { config, logger, now: () => clock.now(), env, build, notice: () => {} },
    sandbox,
  );
  await using agent = new Agent({ config, stores, logger, clock, env, build, random: () => 0 });
  const server = await startServer({ view: agent.view, listen: '127.0.0.1:0', logger });
  const history = join(directory, 'history.om');
  await writeFile(history, '');
  try {
    await agent.open();
    for (let at = month.start; at <= month.end; at += STEP) {
      if (month.day(STOPPED[0]) <= at && at < month.day(STOPPED[1])) continue;
      step = { at, since: performance.now() };
      await organisation.keep(at);
      await estate.show(at);
      if (await organisation.decide(at)) await agent.reload(await load());
      await agent.collectOnce();
      await appendFile(
        history,
        scraped(await (await fetch(`${server.url}/metrics`)).text(), at + 60, month.end + 60),
      );
      tell(new Date(at * 1000).toISOString());
    }
    await appendFile(history, '# EOF\n');
  } finally {
    await server.close(1);
  }
  return { config: organisation.config, data: config.agent.data, history };
}

/** Seconds between samples of what `increase` counts over the whole month: with few samples it guesses beyond them. */
const DENSE = 300;

/** An exposition as if it had been scraped at an instant, and nothing after `end`: what comes later is Prometheus' own. */
function scraped(exposition: string, at: number, end: number): string {
  const lines = exposition.split('\n').filter((line) => /^(?:annexa|process|nodejs)_/.test(line));
  const timed = lines.flatMap((line) => {
    const [, name = '', , labels = '', value = ''] = /^(\w+)(\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const series = `${name}{${LABELS}${labels === '' ? '' : `,${labels}`}} ${value}`;
    const samples = name.startsWith('annexa_config_chang') ? STEP / DENSE : 1;
    const times = Array.from({ length: samples }, (_, index) => at + index * DENSE);
    return times.filter((time) => time <= end).map((time) => `${series} ${time}`);
  });
  return [...timed, `up{${LABELS}} 1 ${at}`, ''].join('\n');
}
