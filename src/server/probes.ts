import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { AgentView } from '../engine/view.ts';
import { exposeMetrics } from './metrics.ts';
import { makeProblem } from './problem.ts';
import { get, getText, none } from './route.ts';

/** /livez, /readyz and /metrics. */
export function addProbes(app: FastifyInstance, view: AgentView, registry: Registry | undefined): void {
  get(app, {
    path: '/livez',
    role: 'open',
    tag: 'agent',
    summary: 'Whether the process answers',
    params: none,
    query: none,
    response: z.strictObject({ status: z.literal('live') }),
    handler: () => Promise.resolve({ status: 'live' as const }),
  });
  get(app, {
    path: '/readyz',
    role: 'open',
    tag: 'agent',
    summary: 'Whether the agent can answer; 503 with the reasons when it cannot',
    params: none,
    query: none,
    response: z.strictObject({ status: z.literal('ready') }),
    guard: () => {
      const { ready, reasons } = view.readiness();
      if (ready) return undefined;
      return makeProblem(503, 'the agent is not ready', { reasons: [...reasons] });
    },
    handler: () => Promise.resolve({ status: 'ready' as const }),
  });
  getText(app, {
    path: '/metrics',
    role: 'viewer',
    tag: 'agent',
    summary: 'Metrics in the Prometheus text format',
    mediaType: 'text/plain',
    handler: () => exposeMetrics(view, registry),
  });
}
