import type { KeyHistory, Keyring } from '../keyring.ts';
import { publicKeyPath } from '../public-keys.ts';
import type { SignedCheckpoint } from './heads.ts';
import type { Findings, Trust, VerifyReport, Witnessed } from './report.ts';

/** The signing keys that were ever in force, held to those that came another way. */
export function judgeKeys(
  keys: Keyring,
  trusted: readonly string[] | undefined,
  findings: Findings,
): Trust[] {
  if (trusted === undefined) {
    findings.note(
      'the keys are known from this store alone: compare their fingerprints with ones that came another way',
    );
  }
  return keys.history().flatMap((key) => {
    const { use, fingerprint, spki } = key;
    if (use === 'body' || spki === null) return [];
    if (trusted !== undefined && !trusted.includes(fingerprint)) {
      findings.problem('foreign-key', publicKeyPath(spki), `this ${use} key is not among the trusted ones`);
    }
    return [{ use, fingerprint, name: term(key), from: trusted === undefined ? 'store' : 'given' }];
  });
}

function term({ index, until }: KeyHistory): string {
  if (until !== null) return `entries ${index} to ${until.index - 1}`;
  return index === 0 ? '' : `since entry ${index}`;
}

/** Up to where another history is excluded, by a checkpoint that was kept or by those who cosigned. */
export function judgeSplitView(
  {
    witnessed,
    unknown,
    since,
  }: {
    readonly witnessed: readonly Witnessed[];
    /** Witnesses whose keys were not given. */
    readonly unknown: readonly string[];
    readonly since: SignedCheckpoint | undefined;
  },
  findings: Findings,
): VerifyReport['splitView'] {
  if (unknown.length > 0) {
    const names = unknown.map((name) => JSON.stringify(name)).join(', ');
    findings.note(`cosignatures of ${names} were not verified: give the keys of witnesses with --witness`);
  }
  const by = witnessed.map(({ witness, size }) => ({ size, by: `the witness ${witness}` }));
  if (since !== undefined) by.unshift({ size: since.checkpoint.size, by: 'the checkpoint given' });
  const [best] = by.toSorted((one, other) => other.size - one.size);
  if (best !== undefined) return best;
  findings.note(
    'split view not excluded: no checkpoint kept elsewhere was given, nor the key of a witness who cosigned one',
  );
  return null;
}
