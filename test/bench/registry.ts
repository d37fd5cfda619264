import { apiCalls } from './api-calls.ts';
import { awsCalls } from './aws/calls.ts';
import { awsMemory } from './aws/memory.ts';
import { awsRegions } from './aws/regions.ts';
import { bundle } from './bundle.ts';
import { googleUsers } from './google.ts';
import { githubCalls, githubMemory } from './github.ts';
import { growth } from './growth.ts';
import { inventory } from './inventory/bench.ts';
import { log } from './log.ts';
import type { Bench } from './measure.ts';
import { startup } from './startup.ts';
import { verify } from './verify.ts';

/** Every benchmark, by name. A new one is a folder and a line here. */
export const benches: ReadonlyMap<string, Bench> = new Map([
  ['api-calls', apiCalls],
  ['aws-calls', awsCalls],
  ['aws-memory', awsMemory],
  ['aws-regions', awsRegions],
  ['bundle', bundle],
  ['google-users', googleUsers],
  ['github-calls', githubCalls],
  ['github-memory', githubMemory],
  ['growth', growth],
  ['inventory', inventory],
  ['log', log],
  ['startup', startup],
  ['verify', verify],
]);
