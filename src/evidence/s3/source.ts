import type { Source, SourceObject } from '../verify/source.ts';
import { connect, failure, type Patience, type S3Place } from './client.ts';
import { readObject, streamObject } from './read.ts';
import { mayChange, PROBE_FOLDER } from './retention.ts';
import { listVersions, type Versions } from './versions.ts';

/** The store in a bucket, to be verified. What was deleted or written over is seen where the bucket keeps versions. */
export function s3Source(place: S3Place, patience?: Patience): Source {
  const access = connect(place, patience);
  return {
    get: async (key) => (await readObject(access, key))?.bytes,
    stream: (key) => streamObject(access, key),
    async *walk(folder) {
      try {
        for await (const versions of listVersions(access, folder)) {
          if (!versions.key.startsWith(PROBE_FOLDER)) yield describe(versions);
        }
      } catch (cause) {
        throw failure('list', access, folder, cause);
      }
    },
  };
}

function describe({ key, versions, deleteMarkers }: Versions): SourceObject {
  const object = { key, regular: true };
  if (mayChange(key)) return object;
  if (deleteMarkers.length > 0) {
    return {
      ...object,
      tampered: `it was deleted: the bucket has a delete marker, and ${versions.length} versions`,
    };
  }
  if (versions.length > 1) {
    return { ...object, tampered: `it was written over: the bucket has ${versions.length} versions of it` };
  }
  return object;
}
