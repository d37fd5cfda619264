import { z } from 'zod';
import { forked } from '../forked.ts';
import { type Measure, median, round } from '../measure.ts';
import { watchResident } from '../resident.ts';

const SCRAPES = 15;
/** Not counted: the first compile what the others run. */
const WARM_UP = 5;

const listening = z.object({ url: z.string(), pid: z.int() });

interface Scraped {
  readonly series: number;
  readonly bytes: number;
  /** Microseconds a series, the median of scrapes. */
  readonly micros: number;
  /** Megabytes, the most that it ever was. */
  readonly resident: number;
}

/** What a scrape costs at about 1,000 and 10,000 series: it may grow with them, and no faster. */
export async function metrics(): Promise<readonly Measure[]> {
  const small = await scrape(49);
  const large = await scrape(507);
  return [
    {
      name: 'metrics-10k-series',
      value: large.micros,
      unit: 'us/series',
      goal: 1.5,
      baseline: small.micros,
    },
    { name: 'metrics-10k-bytes', value: round(large.bytes / large.series), unit: 'B/series', goal: 150 },
    {
      name: 'metrics-10k-memory',
      value: large.resident,
      unit: 'MB',
      goal: 2.5,
      baseline: small.resident,
    },
  ];
}

async function scrape(checks: number): Promise<Scraped> {
  await using child = await forked(new URL('./exporter.ts', import.meta.url), [checks]);
  const { url, pid } = listening.parse(child.told);
  const peak = watchResident(pid);
  const times: number[] = [];
  let text = '';
  for (let at = 0; at < WARM_UP + SCRAPES; at += 1) {
    const start = performance.now();
    text = await (await fetch(`${url}/metrics`)).text();
    if (at >= WARM_UP) times.push(performance.now() - start);
  }
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  return {
    series,
    bytes: Buffer.byteLength(text),
    micros: round((median(times) * 1000) / series),
    resident: peak(),
  };
}
