import { createHash } from 'node:crypto';
import { EvidenceError } from '../../evidence/error.ts';
import { equalBytes } from '../../evidence/merkle.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import {
  MANIFEST,
  MANIFEST_NOTE,
  SUMS,
  compareNames,
  manifestPieces,
  manifestSchema,
  placeOf,
  sumLine,
} from '../layout.ts';
import type { Manifest, ManifestFile } from '../layout.ts';
import type { BundleFiles } from './files.ts';

/** The files of a bundle, held to what its manifest lists. */
export interface Contents {
  readonly manifest: Manifest;
  /** Of manifest.json, hex. */
  readonly manifestSha256: string;
  /** Listed names that match, in the order of the bundle. */
  matching(pattern: RegExp): readonly string[];
  has(name: string): boolean;
  /** SHA-256, hex, that the manifest lists; undefined for a file that isn't there. */
  digestOf(name: string): string | undefined;
  /** Throws `corrupt` at the end when the bytes aren't those that the manifest lists, and as BundleFiles do. */
  stream(name: string): AsyncIterable<Uint8Array>;
  /** A file that is not large, whole. Throws as stream, and `corrupt` when it is large after all. */
  read(name: string): Promise<Uint8Array>;
  /** Reads what hasn't been read to its end by now: every byte of a bundle is looked at. */
  finish(): Promise<void>;
}

/** Bytes. A manifest of a million files. */
const MAX_MANIFEST = 1 << 28;
const MAX_WHOLE = 1 << 26;

/**
 * Holds names, sums and order of the files to the manifest. What differs is among the findings; undefined when there is no manifest that can be read.
 * That somebody signed the manifest is not verified yet.
 */
export async function openContents(files: BundleFiles, findings: Findings): Promise<Contents | undefined> {
  const bytes = await readManifest(files, findings);
  if (bytes === undefined) return undefined;
  const manifest = parseManifest(bytes, findings);
  if (manifest === undefined) return undefined;
  const manifestSha256 = createHash('sha256').update(bytes).digest('hex');
  const contents = contentsOf(files, manifest, manifestSha256, findings);
  checkNames(files, manifest, findings);
  await checkSums(files, contents, findings);
  return contents;
}

async function readManifest(files: BundleFiles, findings: Findings): Promise<Uint8Array | undefined> {
  try {
    return await readWhole(files.stream(MANIFEST), MANIFEST, MAX_MANIFEST);
  } catch (error) {
    findings.caught(MANIFEST, error);
    return undefined;
  }
}

function parseManifest(bytes: Uint8Array, findings: Findings): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    findings.problem('malformed', MANIFEST, 'not JSON');
    return undefined;
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const version =
      typeof value === 'object' && value !== null && 'apiVersion' in value ? value.apiVersion : undefined;
    const known = issue?.path[0] !== 'apiVersion' || version === undefined;
    findings.problem(
      known ? 'malformed' : 'unsupported',
      MANIFEST,
      `${issue?.path.join('.')}: ${issue?.message}`,
    );
    return undefined;
  }
  const { files, ...head } = parsed.data;
  if (!equalBytes(Buffer.from([...manifestPieces(head, files)].join('')), bytes)) {
    findings.problem('malformed', MANIFEST, 'not the one way to write it (RFC 8785, and a line feed)');
  }
  return parsed.data;
}

/** Each listed file is there, nothing else is, and all stand in their order. */
function checkNames(files: BundleFiles, manifest: Manifest, findings: Findings): void {
  const listed = new Set<string>([MANIFEST, MANIFEST_NOTE, SUMS]);
  let last = '';
  for (const { name } of manifest.files) {
    if (compareUtf8(last, name) >= 0)
      findings.problem('malformed', MANIFEST, `${name}: out of order, or twice`);
    if (placeOf(name) === undefined || listed.has(name))
      findings.problem('unknown-file', name, 'no bundle has this file');
    listed.add(name);
    last = name;
  }
  for (const name of listed)
    if (!files.has(name)) findings.problem('missing', name, 'the manifest lists this file');
  for (const name of files.names) {
    if (!listed.has(name)) findings.problem('unknown-file', name, 'the manifest lists no such file');
  }
  const [wrong] = files.names.filter(
    (name, at) => at > 0 && compareNames(files.names[at - 1] ?? '', name) >= 0,
  );
  if (wrong !== undefined) findings.problem('malformed', wrong, 'not in its place among the files');
}

async function checkSums(files: BundleFiles, contents: Contents, findings: Findings): Promise<void> {
  const { manifest, manifestSha256 } = contents;
  const sums = new Map(manifest.files.map(({ name, sha256 }) => [name, sha256]));
  sums.set(MANIFEST, manifestSha256);
  try {
    const note = await readWhole(files.stream(MANIFEST_NOTE), MANIFEST_NOTE, MAX_WHOLE);
    sums.set(MANIFEST_NOTE, createHash('sha256').update(note).digest('hex'));
    const names = [...sums.keys()].sort(compareUtf8);
    const expected = names.map((name) => sumLine(name, sums.get(name) ?? '')).join('');
    const found = await readWhole(files.stream(SUMS), SUMS, MAX_MANIFEST);
    if (!equalBytes(found, Buffer.from(expected)))
      findings.problem('altered', SUMS, 'not the sums of the manifest');
  } catch (error) {
    findings.caught(SUMS, error);
  }
}

function contentsOf(
  files: BundleFiles,
  manifest: Manifest,
  manifestSha256: string,
  findings: Findings,
): Contents {
  const listed = new Map(manifest.files.map((file) => [file.name, file]));
  const judged = new Set<string>();

  async function* checked(file: ManifestFile): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const chunk of files.stream(file.name)) {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytes > file.bytes) break;
        yield chunk;
      }
    } catch (error) {
      judged.add(file.name);
      throw error;
    }
    judged.add(file.name);
    if (bytes === file.bytes && hash.digest('hex') === file.sha256) return;
    throw new EvidenceError('corrupt', `${file.name}: not the bytes that the manifest lists`);
  }

  function stream(name: string): AsyncIterable<Uint8Array> {
    const file = listed.get(name);
    // The note and the sums stand beside the manifest, which can't list them.
    return file === undefined ? files.stream(name) : checked(file);
  }

  return {
    manifest,
    manifestSha256,
    matching: (pattern) => files.names.filter((name) => listed.has(name) && pattern.test(name)),
    has: (name) => files.has(name) && listed.has(name),
    digestOf: (name) => (files.has(name) ? listed.get(name)?.sha256 : undefined),
    stream,
    read: (name) => readWhole(stream(name), name, MAX_WHOLE),
    async finish() {
      for (const { name } of manifest.files) {
        if (judged.has(name) || !files.has(name)) continue;
        try {
          for await (const _ of stream(name));
        } catch (error) {
          findings.caught(name, error);
        }
      }
    },
  };
}

async function readWhole(bytes: AsyncIterable<Uint8Array>, name: string, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of bytes) {
    parts.push(part);
    length += part.length;
    if (length > limit) throw new EvidenceError('corrupt', `${name}: over ${limit} bytes`);
  }
  return Buffer.concat(parts);
}
