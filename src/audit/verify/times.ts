import { parseTokenKey } from '../../evidence/anchor.ts';
import { checkpointKey } from '../../evidence/checkpoint.ts';
import { parseWitnessKey } from '../../evidence/cosignature.ts';
import type { WitnessKey } from '../../evidence/cosignature.ts';
import type { Findings, Trust, VerifyOptions, Witnessed } from '../../evidence/verify/report.ts';
import type { Source } from '../../evidence/verify/source.ts';
import type { TimedToken } from '../../evidence/verify/time.ts';
import {
  givenAuthorities,
  listAuthorities,
  openTokens,
  storedAuthorities,
} from '../../evidence/verify/tokens.ts';
import type { TrustedAuthorities } from '../../evidence/verify/tokens.ts';
import { createWitnessCheck, readCosignatures, trustInWitnesses } from '../../evidence/verify/witnesses.ts';
import { compareUtf8 } from '../../inventory/utf8.ts';
import { rangeOf } from '../range.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { Contents } from './contents.ts';
import type { BundleEntries } from './entries.ts';

/** What others say of the checkpoints of a bundle: authorities when, witnesses that they saw them. */
export interface Others {
  /** By size, then by authority. */
  readonly tokens: readonly TimedToken[];
  /** Digests of token files that were found to be none. */
  readonly refused: ReadonlySet<string>;
  readonly witnessed: readonly Witnessed[];
  /** Names of witnesses whose keys were not given. */
  readonly unknown: readonly string[];
  readonly trust: readonly Trust[];
}

const SIGNATURES = /^log\/checkpoints\/(\d+)\.sigs$/;

/** Opens every token and every cosignature. */
export async function openOthers(
  contents: Contents,
  checkpoints: Checkpoints,
  options: VerifyOptions,
  findings: Findings,
): Promise<Others> {
  const source = sourceOf(contents, checkpoints, findings);
  const { authorities, trust } = await trustedAuthorities(source, options, findings);
  const files = contents.matching(/\.tsr$/).flatMap((name) => parseTokenKey(name) ?? []);
  const { tokens, refused } = await openTokens(
    source,
    { sizes: [], tokens: files, cosigned: [] },
    Infinity,
    authorities,
    findings,
  );
  const witnesses = givenWitnesses(options.witnesses ?? [], findings);
  const check = createWitnessCheck(witnesses, findings);
  const cosigned = contents.matching(SIGNATURES).map((name) => Number(SIGNATURES.exec(name)?.[1]));
  await readCosignatures(
    source,
    cosigned.sort((one, other) => one - other),
    Infinity,
    check,
  );
  const sorted = tokens.toSorted(
    (one, other) => one.size - other.size || compareUtf8(one.authority, other.authority),
  );
  return {
    tokens: sorted,
    refused,
    witnessed: check.newest(),
    unknown: check.unknown(),
    trust: [...trust, ...trustInWitnesses(witnesses)],
  };
}

/** A bundle as far as it has the keys of a store. A checkpoint that doesn't verify is not there. */
function sourceOf(contents: Contents, checkpoints: Checkpoints, findings: Findings): Source {
  const isThere = (name: string): boolean => {
    const size = /^log\/checkpoints\/(\d+)$/.exec(name)?.[1];
    return contents.has(name) && (size === undefined || checkpoints.has(Number(size)));
  };
  return {
    async get(name) {
      if (!isThere(name)) return undefined;
      try {
        return await contents.read(name);
      } catch (error) {
        findings.caught(name, error);
        return undefined;
      }
    },
    stream: async (name) => (isThere(name) ? contents.stream(name) : undefined),
    async *walk(folder) {
      for (const key of contents.matching(/^/)) if (key.startsWith(folder)) yield { key, regular: true };
    },
  };
}

async function trustedAuthorities(
  source: Source,
  { tsaCa }: VerifyOptions,
  findings: Findings,
): Promise<TrustedAuthorities> {
  const digests = await listAuthorities(source);
  const stored = await storedAuthorities(source, digests, findings);
  if (tsaCa === undefined) return stored;
  try {
    return givenAuthorities(tsaCa);
  } catch (error) {
    findings.caught('the certificates given', error);
    return { authorities: null, trust: [] };
  }
}

function givenWitnesses(texts: readonly string[], findings: Findings): WitnessKey[] {
  return texts.flatMap((text) => {
    try {
      return [parseWitnessKey(text)];
    } catch (error) {
      findings.caught('a witness given', error);
      return [];
    }
  });
}

/** The range is the one that the period asks for, and the checkpoints are those that the answer rests on: no other, and none left out. */
export async function checkExtent(
  { manifest, matching }: Pick<Contents, 'manifest' | 'matching'>,
  entries: BundleEntries,
  checkpoints: Checkpoints,
  tokens: readonly TimedToken[],
  findings: Findings,
): Promise<void> {
  const { question, range } = manifest;
  const sizes = [...checkpoints.keys()];
  const expected = await rangeOf(question, {
    sizes,
    tokens,
    // All entries before the range count as sealed before the period, when the first of the range doesn't say otherwise.
    sealedBefore: async (moment) => range.first + countBefore(entries, range, moment),
  });
  if (expected.first !== range.first || expected.end !== range.end) {
    const said = `says [${range.first}, ${range.end}), and the period asks for [${expected.first}, ${expected.end})`;
    findings.problem('altered', 'manifest.json', `range: ${said}`);
  }
  if (range.end > question.at || range.first >= range.end)
    findings.problem('malformed', 'manifest.json', 'range: not within the log');
  const wanted = wantedCheckpoints(manifest, entries, tokens);
  for (const size of wanted) {
    if (!checkpoints.has(size)) findings.problem('missing', checkpointKey(size), 'the answer rests on it');
  }
  for (const size of sizes) {
    if (!wanted.has(size)) findings.problem('unknown-file', checkpointKey(size), 'nothing rests on it');
  }
  for (const name of matching(/^log\/checkpoints\/\d+\./)) {
    const size = parseTokenKey(name)?.size ?? Number(SIGNATURES.exec(name)?.[1]);
    if (!checkpoints.has(size)) findings.problem('unknown-file', name, 'there is no such checkpoint');
  }
}

function countBefore(
  entries: BundleEntries,
  { first, end }: Contents['manifest']['range'],
  moment: number,
): number {
  let count = 0;
  for (const { statement } of entries.between(first, end)) {
    if (statement.sealedAt >= moment) break;
    count += 1;
  }
  return count;
}

/** As the writer finds them: the range's two, the one of the answer, those of anchors, those with tokens in the range or first after a later entry. */
function wantedCheckpoints(
  { question, range: { first, end } }: Contents['manifest'],
  entries: BundleEntries,
  tokens: readonly TimedToken[],
): ReadonlySet<number> {
  const wanted = new Set([first, end, question.at]);
  for (const size of entries.anchors()) wanted.add(size);
  for (const { index } of entries.between(end, Infinity)) {
    const stamped = tokens.find(({ size }) => size > index);
    if (stamped !== undefined) wanted.add(stamped.size);
  }
  for (const { size } of tokens) if (size >= first && size <= end) wanted.add(size);
  wanted.delete(0);
  return wanted;
}

/** The sizes that tokens are over, ascending. */
export function stampedSizes(tokens: readonly TimedToken[]): readonly number[] {
  return [...new Set(tokens.map(({ size }) => size))];
}
