import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import { conditionNames } from '../engine/conditions.ts';
import type { AgentView } from '../engine/view.ts';
import { makeProblem } from './problem.ts';
import { get, getText, none } from './route.ts';
import { instant } from './wire.ts';

const condition = z
  .strictObject({ condition: z.enum(conditionNames), detail: z.string(), since: instant })
  .describe('What keeps a part of the agent from its work, such as names that can not be resolved.');

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
    response: z.strictObject({ status: z.literal('ready'), conditions: z.array(condition) }),
    guard: () => {
      const { ready, reasons } = view.readiness();
      if (ready) return undefined;
      return makeProblem(503, 'the agent is not ready', { reasons: [...reasons] });
    },
    handler: () => {
      const conditions = view.readiness().conditions.map(({ condition, detail, since }) => ({
        condition,
        detail,
        since,
      }));
      return Promise.resolve({ status: 'ready' as const, conditions });
    },
  });
  getText(app, {
    path: '/metrics',
    role: 'viewer',
    tag: 'agent',
    summary: 'Metrics in the Prometheus text format',
    mediaType: 'text/plain',
    handler: async () => (await import('./metrics.ts')).exposeMetrics(view, registry),
  });
}
