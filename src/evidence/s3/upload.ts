import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CompletedPart,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type Access, objectAt } from './client.ts';
import type { Locks } from './retention.ts';

/** Bytes held in memory at once. S3 takes parts from 5 MiB on. */
const PART_BYTES = 8 << 20;
/** S3 takes 10,000. */
const MOST_PARTS = 9000;

/** Creates the object, if there is none. Rejects with what the SDK says. */
export async function putNew(access: Access, locks: Locks, key: string, bytes: Uint8Array): Promise<void> {
  await access.client.send(
    new PutObjectCommand({
      ...objectAt(access, key),
      ...locks.onCreate(key),
      Body: bytes,
      IfNoneMatch: '*',
      ChecksumAlgorithm: 'SHA256',
    }),
  );
}

/** As putNew, from a file; a large one in parts, of which nothing stays when it fails. */
export async function uploadNew(access: Access, locks: Locks, key: string, path: string): Promise<void> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    if (size <= PART_BYTES) await putNew(access, locks, key, await readPart(handle, 0, size));
    else await uploadParts(access, locks, key, { handle, size });
  } finally {
    await handle.close();
  }
}

async function uploadParts(
  access: Access,
  locks: Locks,
  key: string,
  { handle, size }: { readonly handle: FileHandle; readonly size: number },
): Promise<void> {
  const { client } = access;
  const object = objectAt(access, key);
  const begun = await client.send(
    new CreateMultipartUploadCommand({ ...object, ...locks.onCreate(key), ChecksumAlgorithm: 'SHA256' }),
  );
  const upload = { ...object, UploadId: begun.UploadId };
  try {
    const partBytes = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS));
    const parts: CompletedPart[] = [];
    for (let at = 0; at < size; at += partBytes) {
      const PartNumber = parts.length + 1;
      const Body = await readPart(handle, at, Math.min(partBytes, size - at));
      const { ETag, ChecksumSHA256 } = await client.send(
        new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: 'SHA256' }),
      );
      parts.push({ PartNumber, ETag, ChecksumSHA256 });
    }
    await client.send(
      new CompleteMultipartUploadCommand({ ...upload, IfNoneMatch: '*', MultipartUpload: { Parts: parts } }),
    );
  } catch (error) {
    // When the completion took effect there is nothing left to abort.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    throw error;
  }
}

async function readPart(handle: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const part = Buffer.alloc(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(part, filled, length - filled, at + filled);
    if (bytesRead === 0) throw new Error('the file has become shorter while it was read');
    filled += bytesRead;
  }
  return part;
}
