import { createHash } from 'node:crypto';
import { checkpointKey } from '../../evidence/checkpoint.ts';
import type { CheckpointInfo } from '../../evidence/contract.ts';
import { trustedRoot } from '../../evidence/cosign.ts';
import { EvidenceError } from '../../evidence/error.ts';
import { jcs } from '../../evidence/jcs.ts';
import { equalBytes } from '../../evidence/merkle.ts';
import { ed25519Key, openNote } from '../../evidence/note.ts';
import { publicKeyPath, publicKeyPem } from '../../evidence/public-keys.ts';
import { tsaPath } from '../../evidence/statement.ts';
import { openToken, parseAuthorities } from '../../evidence/timestamp/token.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import { tokenKey } from '../../evidence/anchor.ts';
import { verifyScript } from '../bundle/script.ts';
import {
  AUTHORITIES,
  MANIFEST,
  MANIFEST_NOTE,
  REVISION,
  TRUSTED_ROOT,
  VERIFY_SCRIPT,
  manifestNoteText,
} from '../layout.ts';
import { authoritiesOf } from '../selection.ts';
import type { Contents } from './contents.ts';
import { sealedOf } from './entries.ts';
import type { BundleEntries } from './entries.ts';

/** The manifest is signed by the key that signs the checkpoint at which the question is answered, and says what the log says. */
export async function checkManifest(
  contents: Contents,
  { origin, sample, keyring }: BundleEntries,
  checkpoint: CheckpointInfo | undefined,
  findings: Findings,
): Promise<void> {
  const { manifest, manifestSha256 } = contents;
  const { at } = manifest.question;
  if (manifest.origin !== origin)
    findings.problem('altered', MANIFEST, `origin: ${manifest.origin}, and the log is ${origin}`);
  if (manifest.sample !== sample) findings.problem('altered', MANIFEST, 'sample: not as the log says');
  if (checkpoint === undefined)
    findings.problem('missing', checkpointKey(at), 'the question is answered at it');
  else if (createHash('sha256').update(checkpoint.note).digest('hex') !== manifest.checkpoint)
    findings.problem('altered', MANIFEST, `checkpoint: not the digest of ${checkpointKey(at)}`);
  try {
    const keys = keyring.checkpointKeys(at).map((spki) => ed25519Key(origin, spki));
    const { text, unknown } = openNote(await contents.read(MANIFEST_NOTE), keys);
    if (text !== manifestNoteText(origin, manifestSha256))
      findings.problem('altered', MANIFEST_NOTE, `signs something else than ${MANIFEST}`);
    if (unknown > 0) findings.problem('foreign-key', MANIFEST_NOTE, 'signed by a key that is not in force');
  } catch (error) {
    findings.caught(MANIFEST_NOTE, error);
  }
}

/** What else is in every bundle follows from the log, or is the same in all. */
export async function checkFixed(
  contents: Contents,
  entries: BundleEntries,
  findings: Findings,
): Promise<void> {
  const { origin, keyring } = entries;
  const history = keyring.history().flatMap(({ use, spki }) => (spki === null ? [] : [{ use, spki }]));
  const keys = new Map(history.map(({ spki }) => [publicKeyPath(spki), publicKeyPem(spki)]));
  for (const [name, pem] of keys) await same(contents, name, Buffer.from(pem), findings);
  for (const name of contents.matching(/^keys\//)) {
    if (!keys.has(name)) findings.problem('foreign-key', name, 'no entry put this key in force');
  }
  const logKeys = history.filter(({ use }) => use === 'checkpoint').map(({ spki }) => spki);
  await same(
    contents,
    TRUSTED_ROOT,
    Buffer.from(`${jcs(trustedRoot(origin, logKeys), TRUSTED_ROOT)}\n`),
    findings,
  );
  if (contents.manifest.revision === REVISION)
    await same(contents, VERIFY_SCRIPT, await verifyScript(), findings);
  await checkAuthorities(contents, entries, findings);
}

async function same(
  contents: Contents,
  name: string,
  expected: Uint8Array,
  findings: Findings,
): Promise<void> {
  try {
    if (equalBytes(await contents.read(name), expected)) return;
    findings.problem('altered', name, 'not what follows from the log');
  } catch (error) {
    findings.caught(name, error);
  }
}

const TSA = /^tsa\/([0-9a-f]{64})\.pem$/;

/** Certificates are there that the log names or a token leads up to, each under its digest, and all of them together. */
async function checkAuthorities(
  contents: Contents,
  entries: BundleEntries,
  findings: Findings,
): Promise<void> {
  const named = new Set<string>();
  for (const predicate of ['genesis', 'config'] as const)
    for (const entry of entries.of(predicate))
      for (const digest of authoritiesOf(sealedOf(entry))) named.add(digest);
  const names = contents.matching(TSA);
  for (const digest of named) {
    if (!contents.has(tsaPath(digest))) findings.problem('missing', tsaPath(digest), 'the log names it');
  }
  const parts: Uint8Array[] = [];
  for (const name of names) {
    const digest = TSA.exec(name)?.[1] ?? '';
    try {
      const pem = await contents.read(name);
      parts.push(pem);
      if (createHash('sha256').update(pem).digest('hex') !== digest)
        findings.problem('altered', name, 'not the certificates that it is named by');
      else if (!named.has(digest) && !(await vouches(contents, pem)))
        findings.problem(
          'unknown-file',
          name,
          'the log names no such certificates, and no token leads up to them',
        );
    } catch (error) {
      findings.caught(name, error);
    }
  }
  await same(contents, AUTHORITIES, Buffer.concat(parts), findings);
}

const TOKEN = /^log\/checkpoints\/(\d+)\.([^.]+)\.tsr$/;

async function vouches(contents: Contents, pem: Uint8Array): Promise<boolean> {
  const authorities = parseAuthorities(Buffer.from(pem).toString('latin1'));
  for (const name of contents.matching(TOKEN)) {
    const [, size, authority = ''] = TOKEN.exec(name) ?? [];
    const checkpoint = checkpointKey(Number(size));
    if (!contents.has(checkpoint) || tokenKey(Number(size), authority) !== name) continue;
    try {
      await openToken(await contents.read(name), await contents.read(checkpoint), authorities);
      return true;
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
    }
  }
  return false;
}
