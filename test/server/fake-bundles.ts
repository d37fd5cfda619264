import type { BundleJob, BundleLink, Bundles } from '../../src/audit/jobs/contract.ts';
import { moment } from './fake-view.ts';

export const job: BundleJob = {
  id: '0123456789abcdef'.repeat(2),
  state: 'running',
  why: null,
  progress: { stage: 'proofs', done: 3, total: 7 },
  question: { from: moment - 86_400, to: moment, controls: ['A.5.18'], collectors: null, at: 5 },
  made: null,
  by: 'token:kim',
  createdAt: moment,
  expiresAt: moment + 604_800,
};

const link: BundleLink = {
  id: '0123456789abcdef',
  bundle: job.id,
  for: 'external auditor',
  by: 'token:lee',
  createdAt: moment,
  expiresAt: moment + 86_400,
  standing: 'open',
};

/** One bundle that is being made, and a link. */
export function fakeBundles(replaced: Partial<Bundles> = {}): Bundles {
  return {
    ask: (question, by) => Promise.resolve({ ...job, question: { ...question, at: 5 }, by }),
    list: () => [job],
    find: (id) => (id === job.id ? job : undefined),
    content: () => undefined,
    remove: (id) => Promise.resolve(id === job.id),
    addLink: () => Promise.resolve(undefined),
    links: () => [link],
    revokeLink: (id) => Promise.resolve(id === link.id),
    findLink: () => undefined,
    spendLink: () => Promise.resolve(false),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...replaced,
  };
}
