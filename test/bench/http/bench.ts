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

const listening = z.object({ port: z.int() });

/** Requests a second of the agent, for a list that a viewer asks for with a static token, against node:http that sends the same bytes. */
export async function http(): Promise<readonly Measure[]> {
  await using agent = await startSample(TOKENS);
  const authorization = (at: number) => `Bearer ${agent.tokens[at % TOKENS]}`;
  const answer = await fetch(`http://127.0.0.1:${agent.port}${PATH}`, {
    headers: { authorization: authorization(0) },
  });
  await using bare = await forked(new URL('./bare.ts', import.meta.url), []);
  const { port } = listening.parse(await bare.ask({ payload: await answer.text() }));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let at = 0; at < ROUNDS; at += 1) {
    theirs.push(await requestsPerSecond({ port, path: PATH, authorization }, REQUESTS));
    ours.push(await requestsPerSecond({ port: agent.port, path: PATH, authorization }, REQUESTS));
  }
  return [
    {
      name: 'http-controls',
      value: round(median(ours)),
      unit: 'requests/s',
      goal: 0.75,
      least: true,
      baseline: round(median(theirs)),
    },
  ];
}
