import { createHash } from 'node:crypto';
import { tokenKey } from '../anchor.ts';
import { checkpointKey } from '../checkpoint.ts';
import { EvidenceError } from '../error.ts';
import { tsaPath } from '../statement.ts';
import { openToken, parseAuthorities } from '../timestamp/token.ts';
import type { Authorities } from '../timestamp/token.ts';
import type { CheckpointFiles } from './heads.ts';
import type { Findings, Trust } from './report.ts';
import type { Source } from './source.ts';
import { backdatedTokens } from './time.ts';
import type { TimedToken } from './time.ts';

/** Certificates of authorities, and where they come from. */
export interface TrustedAuthorities {
  /** Null when there are none. */
  readonly authorities: Authorities | null;
  readonly trust: readonly Trust[];
}

/** Those of a PEM text that came another way. Throws `invalid`. */
export function givenAuthorities(pem: string): TrustedAuthorities {
  const authorities = parseAuthorities(pem);
  return { authorities, trust: trustIn(authorities, 'given') };
}

const TSA_KEY = /^tsa\/([0-9a-f]{64})\.pem$/;

/** Digests of the PEM files in `tsa/`, sorted. Other names are left to the walk over the whole store. */
export async function listAuthorities(source: Source): Promise<string[]> {
  const digests: string[] = [];
  for await (const { key, regular } of source.walk('tsa/')) {
    const digest = regular ? TSA_KEY.exec(key)?.[1] : undefined;
    if (digest !== undefined) digests.push(digest);
  }
  return digests.sort();
}

/** Those that files of `tsa/` hold, each having the digest that it is named by. What is wrong with one is among the findings. */
export async function storedAuthorities(
  source: Source,
  digests: readonly string[],
  findings: Findings,
): Promise<TrustedAuthorities> {
  const found: Authorities[] = [];
  for (const digest of digests) {
    const where = tsaPath(digest);
    try {
      const bytes = await source.get(where);
      if (bytes === undefined) continue;
      if (createHash('sha256').update(bytes).digest('hex') !== digest) {
        findings.problem('altered', where, 'these are not the certificates that it is named by');
      } else found.push(parseAuthorities(Buffer.from(bytes).toString('latin1')));
    } catch (error) {
      findings.caught(where, error);
    }
  }
  const authorities = {
    roots: distinct(found.flatMap(({ roots }) => roots)),
    intermediates: distinct(found.flatMap(({ intermediates }) => intermediates)),
  };
  const known = authorities.roots.length > 0;
  return { authorities: known ? authorities : null, trust: trustIn(authorities, 'store') };
}

type Certificate = Authorities['roots'][number];

function distinct(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((one) => [fingerprintOf(one), one])).values()];
}

function fingerprintOf({ raw }: Certificate): string {
  return createHash('sha256').update(raw).digest('hex');
}

function trustIn({ roots }: Authorities, from: Trust['from']): Trust[] {
  return roots.map((root) => ({
    use: 'authority',
    fingerprint: fingerprintOf(root),
    name: root.name,
    from,
  }));
}

export interface OpenedTokens {
  readonly tokens: readonly TimedToken[];
  /** Digests of the files that are no tokens by a trusted authority. */
  readonly refused: ReadonlySet<string>;
}

/** Opens every token over a checkpoint of at most a size. */
export async function openTokens(
  source: Source,
  files: CheckpointFiles,
  size: number,
  authorities: Authorities | null,
  findings: Findings,
): Promise<OpenedTokens> {
  const tokens: TimedToken[] = [];
  const refused = new Set<string>();
  for (const file of files.tokens.filter((one) => one.size <= size)) {
    const where = tokenKey(file.size, file.authority);
    const response = await source.get(where);
    const checkpoint = await source.get(checkpointKey(file.size));
    // A token over no checkpoint is a file that nothing accounts for.
    if (response === undefined || checkpoint === undefined) continue;
    const sha256 = createHash('sha256').update(response).digest('hex');
    try {
      if (authorities === null)
        throw new EvidenceError('corrupt', 'no authority is known that it could be of');
      const { genTime, accuracy } = await openToken(response, checkpoint, authorities);
      tokens.push({ ...file, sha256, genTime, accuracy });
    } catch (error) {
      refused.add(sha256);
      findings.problem('time', where, error instanceof Error ? error.message : String(error));
    }
  }
  for (const token of backdatedTokens(tokens)) {
    const said = `its time (${token.genTime}) is earlier than that of a token over a smaller checkpoint`;
    findings.problem('time', tokenKey(token.size, token.authority), said);
  }
  return { tokens, refused };
}
