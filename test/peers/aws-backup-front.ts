import { type Amended, type Amendment, type Asking, startAmended } from './amended.ts';
import type { Emulator } from './emulators.ts';

/**
 * moto has no selections and no list of protected resources, and leaves out the region of a bucket that AWS tells when it is asked for those of
 * one. ministack needs no help.
 */
export function fronted({ name, endpoint }: Pick<Emulator, 'name' | 'endpoint'>): Promise<Amended> {
  return startAmended(endpoint, (asking) => (name === 'moto' ? amendmentOf(asking) : undefined));
}

function amendmentOf({ path }: Asking): Amendment | undefined {
  const url = new URL(path, 'http://peer.example');
  const json = (answer: object): Amendment => ({ type: 'application/json', answer: JSON.stringify(answer) });
  if (/^\/backup\/plans\/[^/]+\/selections\/?$/.test(url.pathname))
    return json({ BackupSelectionsList: [{ SelectionId: 's1' }, { SelectionId: 's2' }] });
  if (/^\/resources\/?$/.test(url.pathname)) return json({ Results: [] });
  const region = url.searchParams.get('bucket-region');
  if (region === null) return undefined;
  return {
    told: (answer) => answer.replaceAll('</Name>', `</Name><BucketRegion>${region}</BucketRegion>`),
  };
}
