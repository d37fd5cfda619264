import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import ZipStream from 'zip-stream';
import { ZIP } from '../layout.ts';
import type { PlannedFile } from './files.ts';

/**
 * Writes the files to a new ZIP, at constant memory but for some hundred bytes a file: the same bytes for the same files, whatever the time
 * zone. Durable when it returns; rejects with what reading or writing rejects with.
 */
export async function writeZip(
  files: Iterable<PlannedFile>,
  path: string,
  written: (bytes: number) => void,
): Promise<void> {
  const archive = new ZipStream({ zlib: DEFLATE });
  const done = pipeline(archive, createWriteStream(path, { flags: 'wx', flush: true }));
  // It is awaited below, and may reject before that.
  done.catch(() => {});
  try {
    for (const file of files) {
      await Promise.race([append(archive, file), ended(done)]);
      written(file.bytes);
    }
    archive.finalize();
    await done;
  } catch (error) {
    archive.destroy();
    await done.catch(() => {});
    throw error;
  }
}

/** Bytes that deflating gives at a time, and may be ahead or behind: what comes out is the same whatever they are. */
const DEFLATE = { level: ZIP.level, chunkSize: 1 << 18, highWaterMark: 1 << 20 };

/** The archive's output ends while a file is written only when it fails. */
async function ended(done: Promise<void>): Promise<void> {
  await done;
  throw new Error('the archive ended early');
}

function append(archive: ZipStream, file: PlannedFile): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const source = Readable.from(file.read());
  source.once('error', reject);
  archive.entry(source, { name: file.name, date: ZIP.date, mode: ZIP.mode }, (error) => {
    if (error === null) resolve();
    else reject(error);
  });
  return promise;
}
