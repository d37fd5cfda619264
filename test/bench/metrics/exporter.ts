import { startServer } from '../../../src/server/server.ts';
import { fakeView, snapshot } from '../../server/fake-view.ts';

// Forked: the server, with the metrics of so many checks, each of a control of its own, and a tenth as many collectors. Tells its port.

const checks = Number(process.argv[2]);

function many<T extends object>(count: number, of: readonly T[], change: (at: number) => Partial<T>): T[] {
  return Array.from({ length: count }, (_, at) => ({ ...of[at % of.length]!, ...change(at) }));
}

const collectors = Math.ceil(checks / 10);
const metrics = {
  ...snapshot,
  controls: many(checks, snapshot.controls, (at) => ({ id: `X.${at}` })),
  checks: many(checks, snapshot.checks, (at) => ({ name: `check-${at}`, controls: [`X.${at}`] })),
  collectors: many(collectors, snapshot.collectors, (at) => ({ name: `collector-${at}` })),
  datasets: many(collectors, snapshot.datasets, (at) => ({ collector: `collector-${at}` })),
  evidence: many(collectors, snapshot.evidence, (at) => ({ collector: `collector-${at}` })),
};
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const server = await startServer({
  view: fakeView({ metrics: () => Promise.resolve(metrics) }),
  logger: silent,
  listen: '127.0.0.1:0',
});
process.send?.({ url: server.url, pid: process.pid });
