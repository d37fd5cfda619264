import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { forked } from '../forked.ts';
import { type Measure, median, round } from '../measure.ts';
import { startSample } from './agent.ts';
import { requestsPerSecond } from './client.ts';

const PATH = '/api/v1/controls';
const ROUNDS = 7;
const REQUESTS = 900;
/** One caller may ask 500 times at once: enough for all rounds, one after another. */
const TOKENS = 16;
/** What node:http alone may be faster. */
const GOAL = 0.75;

const listening = z.object({ port: z.int(), pid: z.int() });

/**
 * Requests a second of the agent, for a list that a viewer asks for with a static token, against node:http that sends the same bytes. Processor
 * time a request beside it: it says the same where the client, or another program, is what both wait for.
 */
export async function http(): Promise<readonly Measure[]> {
  await using agent = await startSample(TOKENS);
  const authorization = (at: number) => `Bearer ${agent.tokens[at % TOKENS]}`;
  const answer = await fetch(`http://127.0.0.1:${agent.port}${PATH}`, {
    headers: { authorization: authorization(0) },
  });
  await using child = await forked(new URL('./bare.ts', import.meta.url), []);
  const bare = listening.parse(await child.ask({ payload: await answer.text() }));
  const measure = async ({ port, pid }: { readonly port: number; readonly pid: number }) => {
    const before = processorSeconds(pid);
    const perSecond = await requestsPerSecond({ port, path: PATH, authorization }, REQUESTS);
    return { perSecond, micros: ((processorSeconds(pid) - before) / REQUESTS) * 1e6 };
  };
  const rounds: { readonly ours: Figures; readonly theirs: Figures }[] = [];
  for (let at = 0; at < ROUNDS; at += 1)
    rounds.push({ theirs: await measure(bare), ours: await measure(agent) });
  const figure = (of: (round: (typeof rounds)[number]) => number) => round(median(rounds.map(of)));
  return [
    {
      name: 'http-controls',
      value: figure(({ ours }) => ours.perSecond),
      unit: 'requests/s',
      goal: GOAL,
      least: true,
      baseline: figure(({ theirs }) => theirs.perSecond),
    },
    {
      name: 'http-controls-processor',
      value: figure(({ ours }) => ours.micros),
      unit: 'us/request',
      goal: round(1 / GOAL),
      baseline: figure(({ theirs }) => theirs.micros),
    },
  ];
}

interface Figures {
  readonly perSecond: number;
  /** Microseconds of processor time a request. */
  readonly micros: number;
}

/** User and system time, of all threads (proc(5)); the kernel's tick is 1/100 s. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
