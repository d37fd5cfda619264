import { checkpointKey, openCheckpoint } from '../../evidence/checkpoint.ts';
import type { CheckpointInfo } from '../../evidence/contract.ts';
import { EvidenceError } from '../../evidence/error.ts';
import { createFrontier, equalBytes, verifyConsistency } from '../../evidence/merkle.ts';
import type { Frontier } from '../../evidence/merkle.ts';
import type { Findings } from '../../evidence/verify/report.ts';
import { CONSISTENCY, FRONTIER, consistencySchema, frontierSchema, jsonFile } from '../layout.ts';
import type { Contents } from './contents.ts';
import type { BundleEntries } from './entries.ts';

/** The checkpoints of a bundle, each signed by the keys in force at its size, by size, ascending. */
export type Checkpoints = ReadonlyMap<number, CheckpointInfo>;

const NAME = /^log\/checkpoints\/(\d+)$/;

/** Opens them all, and holds each to the next larger one. What doesn't verify is among the findings. */
export async function openCheckpoints(
  contents: Contents,
  { origin, keyring }: BundleEntries,
  findings: Findings,
): Promise<Checkpoints> {
  const found: CheckpointInfo[] = [];
  for (const name of contents.matching(NAME)) {
    try {
      const size = Number(NAME.exec(name)?.[1]);
      const bytes = await contents.read(name);
      const checkpoint = openCheckpoint(bytes, origin, keyring.checkpointKeys(size), name);
      if (checkpoint.size === size) found.push(checkpoint);
      else findings.problem('altered', name, `holds the checkpoint of size ${checkpoint.size}`);
    } catch (error) {
      findings.caught(name, error);
    }
  }
  found.sort((one, other) => one.size - other.size);
  await checkConsistency(contents, found, findings);
  return new Map(found.map((checkpoint) => [checkpoint.size, checkpoint]));
}

async function checkConsistency(
  contents: Contents,
  checkpoints: readonly CheckpointInfo[],
  findings: Findings,
): Promise<void> {
  try {
    const bytes = await contents.read(CONSISTENCY);
    const proofs = consistencySchema.parse(parseJson(bytes, CONSISTENCY));
    if (!equalBytes(Buffer.from(jsonFile(proofs)), bytes)) throw malformed(CONSISTENCY);
    if (proofs.length !== Math.max(0, checkpoints.length - 1))
      throw new EvidenceError(
        'corrupt',
        `${CONSISTENCY}: not one proof between each checkpoint and the next larger one`,
      );
    for (const [at, { from, to, hashes }] of proofs.entries()) {
      const [one, next] = [checkpoints[at], checkpoints[at + 1]];
      if (one?.size !== from || next?.size !== to) {
        findings.problem('missing', CONSISTENCY, `no proof between ${one?.size} and ${next?.size}`);
      } else if (!verifyConsistency(from, to, hashes.map(decode), rootOf(one), rootOf(next))) {
        const said = `does not begin with the tree of ${from} entries`;
        findings.problem('forked', checkpointKey(to), `as ${CONSISTENCY} has it, it ${said}`);
      }
    }
  } catch (error) {
    findings.caught(CONSISTENCY, error instanceof EvidenceError ? error : malformed(CONSISTENCY, error));
  }
}

/** The tree before the range, which has the root of its checkpoint. Undefined when it hasn't; why is among the findings. */
export async function openFrontier(
  contents: Contents,
  checkpoints: Checkpoints,
  findings: Findings,
): Promise<Frontier | undefined> {
  const { first } = contents.manifest.range;
  try {
    const bytes = await contents.read(FRONTIER);
    const { size, hashes } = frontierSchema.parse(parseJson(bytes, FRONTIER));
    if (!equalBytes(Buffer.from(jsonFile({ size, hashes })), bytes)) throw malformed(FRONTIER);
    const frontier = createFrontier(size, hashes.map(decode));
    const expected = checkpoints.get(first);
    if (size !== first)
      findings.problem('altered', FRONTIER, `is of size ${size}, the range begins at ${first}`);
    else if (first === 0 || (expected !== undefined && equalBytes(frontier.root(), rootOf(expected))))
      return frontier;
    else if (expected !== undefined)
      findings.problem('altered', FRONTIER, `not the tree of ${checkpointKey(first)}`);
  } catch (error) {
    findings.caught(FRONTIER, error instanceof EvidenceError ? error : malformed(FRONTIER, error));
  }
  return undefined;
}

export function rootOf({ root }: CheckpointInfo): Uint8Array {
  return Buffer.from(root, 'hex');
}

export function decode(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}

export function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
    );
    return value;
  } catch (cause) {
    throw malformed(where, cause);
  }
}

function malformed(where: string, cause?: unknown): EvidenceError {
  return new EvidenceError('corrupt', `${where}: not as any writer of bundles writes it`, { cause });
}
