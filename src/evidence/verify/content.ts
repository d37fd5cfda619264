import { z } from 'zod';
import { EvidenceError } from '../error.ts';
import { bodyKey } from '../statement.ts';
import { readStoredBody } from './bodies.ts';
import type { BodyRecord } from './bodies.ts';
import type { ErasedBody, Ledger } from './ledger.ts';
import type { Findings } from './report.ts';
import type { Source } from './source.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const records = z.strictObject({ count: z.int().nonnegative(), root: digest });

/** Of the list of verdicts. */
const verdictLine = z.looseObject({ body: digest.nullable(), records: records.nullish() });

/** Of the list that an erasure states. */
const erasureLine = z.strictObject({
  id: digest,
  salt: z.string(),
  remainder: digest.nullable(),
  records,
  erased: z.int().nonnegative(),
});

/** Examines every body that an entry refers to, then what the entries say of them. Returns how many. */
export async function checkBodies(
  source: Source,
  ledger: Ledger,
  findings: Findings,
  progress: (done: number) => void,
): Promise<number> {
  let done = 0;
  async function check(sha256: string, take?: (record: BodyRecord) => void): Promise<void> {
    try {
      await checkBody(source, ledger, findings, sha256, take);
    } catch (error) {
      findings.caught(bodyKey(sha256), error);
    }
    done += 1;
    progress(done);
  }
  // What was erased has to be known before anything is missed, and what lists name before the rest.
  await readErasures(source, ledger, findings);
  for (const { sha256, entry } of ledger.indexes('verdicts')) {
    await check(sha256, (record) => addVerdict(ledger, entry, record));
  }
  for (const sha256 of ledger.bodies()) if (!ledger.isIndex(sha256, 'verdicts')) await check(sha256);
  for (const sha256 of ledger.takeNested()) await check(sha256);
  for (const { entry, field, count, root } of ledger.brokenClaims()) {
    const said = `${field}: no body of this entry has ${count} records with the root ${root}`;
    findings.problem('altered', `entry ${entry}`, said);
  }
  for (const sha256 of ledger.brokenNested()) {
    findings.problem('altered', bodyKey(sha256), 'holds other records than the verdict that names it says');
  }
  checkErasures(ledger, findings);
  return done;
}

async function checkBody(
  source: Source,
  ledger: Ledger,
  findings: Findings,
  sha256: string,
  take: ((record: BodyRecord) => void) | undefined,
): Promise<void> {
  const sums = await readStoredBody(source, sha256, take === undefined ? {} : { take });
  if (sums !== undefined) {
    ledger.setBody(sha256, sums.count, sums.root);
    return;
  }
  const erased = ledger.erasedBody(sha256);
  if (erased === undefined) {
    findings.problem('missing', bodyKey(sha256), 'an entry refers to this body');
  } else if ((ledger.lastReference(sha256) ?? -1) > erased.entry) {
    const said = `an entry after the erasure (entry ${erased.entry}) refers to this body again`;
    findings.problem('missing', bodyKey(sha256), said);
  } else {
    await checkRemainder(source, ledger, findings, erased, take);
  }
}

/** What is left of an erased body has the root that was signed when it was whole. */
async function checkRemainder(
  source: Source,
  ledger: Ledger,
  findings: Findings,
  { sha256, remainder, count, root, erased }: ErasedBody,
  take: ((record: BodyRecord) => void) | undefined,
): Promise<void> {
  // Whether it is what was signed, the claims of the entries say.
  ledger.setBody(sha256, count, root);
  if (remainder === null) {
    if (erased !== count)
      findings.problem('altered', bodyKey(sha256), `${erased} of ${count} records erased, and none is left`);
    return;
  }
  const key = bodyKey(remainder);
  const form = take === undefined ? { remainder: true } : { remainder: true, take };
  const sums = await readStoredBody(source, remainder, form);
  if (sums === undefined) {
    findings.problem('missing', key, `what remains of the body ${sha256}`);
  } else if (sums.count !== count || sums.root !== root || sums.erased !== erased) {
    const said = `not what remains of ${count} records with the root ${root}, ${erased} of them erased`;
    findings.problem('altered', key, said);
  } else if (!ledger.isClaimed(sha256, count, root)) {
    findings.problem('altered', key, `no statement said before the erasure what the body ${sha256} holds`);
  }
}

function addVerdict(ledger: Ledger, entry: number, record: BodyRecord): void {
  const line = verdictLine.safeParse(record);
  if (!line.success)
    throw new EvidenceError(
      'corrupt',
      'a line refers to no body, nor says null, or what it says of the body is none',
    );
  const { body, records: says } = line.data;
  if (body !== null) ledger.addNested(entry, body, says ?? undefined);
}

/** The lists of all erasures, in their order: a later one replaces what an earlier one says of the same body. */
async function readErasures(source: Source, ledger: Ledger, findings: Findings): Promise<void> {
  for (const { sha256, entry } of ledger.indexes('erased')) {
    const lines: ErasedBody[] = [];
    try {
      await readStoredBody(source, sha256, {
        take(record) {
          const line = erasureLine.safeParse(record);
          if (!line.success) throw new EvidenceError('corrupt', `${bodyKey(sha256)}: no line of an erasure`);
          const { id, remainder, records: of, erased } = line.data;
          lines.push({ entry, sha256: id, remainder, ...of, erased });
        },
      });
      // Only once the digest is known to be right; a list that isn't there is missed with the other bodies.
      for (const line of lines) ledger.addErased(line);
    } catch (error) {
      // Told again when the bodies are examined.
      if (!(error instanceof EvidenceError)) throw error;
      findings.note(`the erasures of entry ${entry} can't be read`);
    }
  }
}

/** What erasures say fits the log. */
function checkErasures(ledger: Ledger, findings: Findings): void {
  for (const { entry, sha256, remainder, count, erased } of ledger.erasedBodies()) {
    const last = ledger.lastReference(sha256);
    if (last === undefined) {
      findings.problem('sequence', `entry ${entry}`, `erases the body ${sha256}, which no entry refers to`);
    } else if (ledger.isIndex(sha256, 'erased')) {
      findings.problem('sequence', `entry ${entry}`, `erases the list of an erasure, ${sha256}`);
    } else {
      const left = remainder === null ? 'only its digest is left' : `the others are in ${bodyKey(remainder)}`;
      findings.note(`${erased} of ${count} records of ${bodyKey(sha256)} erased by entry ${entry}: ${left}`);
    }
  }
}
