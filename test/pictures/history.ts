import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Prometheus, startPrometheus, tool } from '../peers/prometheus.ts';
import { DAY, LENGTH, STEP } from './story.ts';

/**
 * Prometheus with a month of samples and the product's rules. A sample counts until the next one is due. What must last before an alert
 * fires has lasted by then: the state of alerts alone isn't in the samples, so it is not waited for again.
 */
export async function recall(directory: string, history: string): Promise<Prometheus> {
  const data = join(directory, 'samples');
  const { ok, output } = await tool('promtool', [
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    `--max-block-duration=${(LENGTH / DAY) * 48}h`,
    history,
    data,
  ]);
  if (!ok) throw new Error(output);
  const rules = await readFile('deploy/prometheus/annexa.rules.yaml', 'utf8');
  await using started = new AsyncDisposableStack();
  const options = {
    targets: {},
    rules: rules.replaceAll(/^( +for): \w+$/gm, '$1: 0s').replaceAll(/^( +interval): \w+$/gm, '$1: 5s'),
    data,
    flags: [`--query.lookback-delta=${STEP + 600}s`, `--storage.tsdb.retention.time=${(LENGTH / DAY) * 2}d`],
  };
  const prometheus = started.use(await startPrometheus(options));
  await evaluated(prometheus);
  started.move();
  return prometheus;
}

/** Resolves when every rule has been evaluated. */
async function evaluated(prometheus: Prometheus): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const text = await (await fetch(`${prometheus.url}/api/v1/rules`)).text();
    if (text.includes('"lastEvaluation"') && !text.includes('"lastEvaluation":"0001-')) return;
    await delay(500);
  }
  throw new Error('Prometheus has not evaluated its rules');
}
