import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { forked } from '../forked.ts';
import { type Measure, median, round } from '../measure.ts';
import { startSample } from './agent.ts';
import { requestsPerSecond } from './client.ts';

const PATH = '/api/v1/controls';
const ROUNDS = 7;
const REQUESTS = 3000;
/** Before the first round, so that both are compiled. */
const WARM_UP = 8000;
/** One caller may ask 500 times at once: enough for all rounds, one after another. */
const TOKENS = 64;
/** Of the requests that node:http answers. */
const GOAL = 0.75;
/** Times the processor time of node:http, which finds no route, asks nobody who they are and sends two headers instead of twelve. */
const COST = 3;

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
  const ours = measured(agent, authorization);
  const theirs = measured(bare, authorization);
  for (const one of [ours, theirs]) await one.ask(WARM_UP);
  ours.begin();
  theirs.begin();
  for (let at = 0; at < ROUNDS; at += 1) for (const one of [theirs, ours]) await one.ask(REQUESTS);
  return [
    {
      name: 'http-controls',
      value: ours.perSecond(),
      unit: 'requests/s',
      goal: GOAL,
      least: true,
      baseline: theirs.perSecond(),
    },
    {
      name: 'http-controls-processor',
      value: ours.micros(),
      unit: 'us/request',
      goal: COST,
      baseline: theirs.micros(),
    },
  ];
}

interface Server {
  readonly port: number;
  readonly pid: number;
}

/** What a server did since `begin`: the median of its rounds, and the processor time of all of them. */
function measured({ port, pid }: Server, authorization: (at: number) => string) {
  let rounds: { readonly requests: number; readonly perSecond: number }[] = [];
  let before = 0;
  return {
    async ask(requests: number) {
      const perSecond = await requestsPerSecond({ port, path: PATH, authorization }, requests);
      rounds.push({ requests, perSecond });
    },
    begin() {
      rounds = [];
      before = processorSeconds(pid);
    },
    perSecond: () => round(median(rounds.map((one) => one.perSecond))),
    /** Microseconds a request. */
    micros: () =>
      round(((processorSeconds(pid) - before) / rounds.reduce((sum, one) => sum + one.requests, 0)) * 1e6),
  };
}

/** User and system time, of all threads (proc(5)); the kernel's tick is 1/100 s. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
