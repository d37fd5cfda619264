import { AuditError } from '../error.ts';
import type { BundleLink, Bundles } from './contract.ts';
import type { StoredLink } from './folder.ts';
import { linkOf, makeLink, standingOf } from './links.ts';
import type { Job, Shelf } from './shelf.ts';

/** Links of one bundle, ended ones too. */
const MOST = 50;
/** Seconds that a link may last. */
const LIFE = 30 * 86_400;

type LinkOperations = Pick<Bundles, 'addLink' | 'links' | 'revokeLink' | 'findLink' | 'spendLink'>;

/** Links of the bundles on a shelf. `now` in Unix seconds. */
export function keptLinks(shelf: Shelf, now: () => number): LinkOperations {
  function tell({ stored }: Job, link: StoredLink): BundleLink {
    const { sha256: _sha256, ended: _ended, ...told } = link;
    return { ...told, bundle: stored.id, standing: standingOf(link, now()) };
  }

  function holder(id: string): Job | undefined {
    return shelf.all().find(({ stored }) => stored.links.some((link) => link.id === id));
  }

  /** True when it was open, and this call has ended it. */
  async function end(job: Job, id: string, how: 'spent' | 'revoked'): Promise<boolean> {
    let ended = false;
    await shelf.change(job, (stored) => {
      ended = stored.links.some((link) => link.id === id && link.ended === null);
      if (!ended) return stored;
      const links = stored.links.map((link) => (link.id === id ? { ...link, ended: how } : link));
      return { ...stored, links };
    });
    return ended;
  }

  return {
    async addLink({ bundle, expiresAt, ...asked }) {
      const job = shelf.get(bundle);
      if (job === undefined) return undefined;
      const createdAt = Math.floor(now());
      assertFit(job, expiresAt, createdAt);
      const { link, secret } = makeLink({ ...asked, createdAt, expiresAt });
      await shelf.change(job, (stored) => ({ ...stored, links: [...stored.links, link] }));
      return shelf.has(job) ? { link: tell(job, link), secret } : undefined;
    },
    links() {
      const all = shelf.all().flatMap((job) => job.stored.links.map((link) => tell(job, link)));
      return all.toSorted((one, other) => other.createdAt - one.createdAt);
    },
    async revokeLink(id) {
      const job = holder(id);
      if (job === undefined) return false;
      await end(job, id, 'revoked');
      return true;
    },
    findLink(bundle, secret) {
      const job = shelf.get(bundle);
      const link = linkOf(job?.stored.links ?? [], secret);
      return job === undefined || link === undefined ? undefined : tell(job, link);
    },
    async spendLink(id) {
      const job = holder(id);
      return job !== undefined && end(job, id, 'spent');
    },
  };
}

function assertFit({ stored }: Job, expiresAt: number, now: number): void {
  const { state, links, expiresAt: latest } = stored;
  if (state !== 'done')
    throw new AuditError('conflict', `the bundle is ${state}: only one that is done can have links`);
  if (links.length >= MOST) throw new AuditError('conflict', `the bundle has ${MOST} links already`);
  if (expiresAt > now && expiresAt <= Math.min(latest, now + LIFE)) return;
  const expected = `expected a time from now on, within ${LIFE / 86_400} days, and not after ${timeOf(latest)}, when the bundle expires`;
  throw new AuditError('question', expected, { field: 'expires' });
}

function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
