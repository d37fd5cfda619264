import { apiCalls } from './api-calls.ts';
import { assessment } from './assessment/bench.ts';
import { awsCalls } from './aws/calls.ts';
import { awsMemory } from './aws/memory.ts';
import { awsRegions } from './aws/regions.ts';
import { bundle } from './bundle.ts';
import { download } from './download.ts';
import { growth } from './growth.ts';
import { http } from './http/bench.ts';
import { image } from './image.ts';
import { inventory } from './inventory/bench.ts';
import { log } from './log.ts';
import type { Bench } from './measure.ts';
import { metrics } from './metrics/bench.ts';
import { githubMemory } from './sources/github.ts';
import { googleUsers } from './sources/google.ts';
import { kubernetesMemory } from './sources/kubernetes.ts';
import { sizing } from './sizing.ts';
import { sourceCalls } from './sources/source-calls.ts';
import { startup } from './startup.ts';
import { verify } from './verify.ts';

/** Every benchmark, by name. A new one is a folder and a line here. */
export const benches: ReadonlyMap<string, Bench> = new Map([
  ['api-calls', apiCalls],
  ['assessment', assessment],
  ['aws-calls', awsCalls],
  ['aws-memory', awsMemory],
  ['aws-regions', awsRegions],
  ['bundle', bundle],
  ['download', download],
  ['github-memory', githubMemory],
  ['google-users', googleUsers],
  ['growth', growth],
  ['http', http],
  ['image', image],
  ['inventory', inventory],
  ['kubernetes-memory', kubernetesMemory],
  ['log', log],
  ['metrics', metrics],
  ['sizing', sizing],
  ['source-calls', sourceCalls],
  ['startup', startup],
  ['verify', verify],
]);
