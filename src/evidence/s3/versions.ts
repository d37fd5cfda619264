import { ListObjectVersionsCommand, type ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import type { Access } from './client.ts';

/** What a bucket keeps of a key: newest first, `null` being the version of a time without versioning. */
export interface Versions {
  readonly key: string;
  readonly versions: string[];
  readonly deleteMarkers: string[];
}

/** Every key that begins so, below the prefix, with its versions. Memory does not grow with the number of keys. */
export async function* listVersions(access: Access, beginning: string): AsyncGenerator<Versions> {
  const { client, bucket, prefix } = access;
  let kept = new Map<string, Versions>();
  for (let marker: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; marker !== undefined;) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: `${prefix}${beginning}`, ...marker }),
    );
    const of = (key = ''): Versions => {
      const relative = key.slice(prefix.length);
      const found = kept.get(relative) ?? { key: relative, versions: [], deleteMarkers: [] };
      kept.set(relative, found);
      return found;
    };
    for (const { Key, VersionId } of page.Versions ?? []) addOnce(of(Key).versions, VersionId);
    for (const { Key, VersionId } of page.DeleteMarkers ?? []) addOnce(of(Key).deleteMarkers, VersionId);
    marker = page.IsTruncated === true ? next(page.NextKeyMarker, page.NextVersionIdMarker) : undefined;
    // The next page may begin with further versions of the last key.
    const unfinished =
      marker === undefined ? undefined : kept.get((marker.KeyMarker ?? '').slice(prefix.length));
    for (const versions of kept.values()) if (versions !== unfinished) yield versions;
    kept = new Map(unfinished === undefined ? [] : [[unfinished.key, unfinished]]);
  }
}

function next(
  key: string | undefined,
  version: string | undefined,
): { KeyMarker: string; VersionIdMarker?: string } {
  if (key === undefined || key === '') throw new Error('the server says that a list goes on, but not where');
  return { KeyMarker: key, ...(version === undefined || version === '' ? {} : { VersionIdMarker: version }) };
}

/** Some servers (versitygw 1.8) begin a page with the version that ended the one before. */
function addOnce(ids: string[], id = 'null'): void {
  if (!ids.includes(id)) ids.push(id);
}
