import { instantText } from '../../controls/words.ts';
import type { Findings } from './findings.ts';
import { unhide } from './text.ts';

/** What was asked, what the bundle holds, how it is verified, and what it can't show: Markdown that reads as plain text too. */
export function* readme(findings: Findings): Generator<string> {
  const { evidence } = findings;
  yield `# Evidence bundle\n\n`;
  if (evidence.sample)
    yield `**SAMPLE.** Made from recordings of an organisation that doesn't exist. It says nothing about anybody.\n\n`;
  yield* asked(findings);
  yield CONTENTS;
  yield verification(findings);
  yield* repeat(findings);
  yield* limits(findings);
}

function* asked({ evidence, question, replay, facts }: Findings): Generator<string> {
  const { first, end } = evidence.range;
  const { controls, collectors } = question;
  const fingerprints = facts.keys.map(
    ({ use, fingerprint, index }) => `${use} \`${fingerprint}\` (entry ${index})`,
  );
  const lines = [
    `Organisation: ${plain(replay.config?.organisation ?? '')}`,
    `Period: from ${instantText(question.from)} to before ${instantText(question.to)}, UTC as all times here`,
    `Controls: ${controls === null ? 'all' : controls.map(plain).join(', ')}`,
    `Collectors: ${collectors === null ? 'all that the controls rest on' : collectors.map(plain).join(', ')}`,
    `Log: \`${evidence.origin}\``,
    `Answered at checkpoint: size ${evidence.checkpoint.size}, root \`${evidence.checkpoint.root}\``,
    `Range: entries ${first} to ${end - 1}, from the last timestamp before the period to the first one after it, as far as there are any`,
    `Keys, in the order in which they came into force: ${fingerprints.join('; ')}`,
  ];
  yield `## What was asked\n\n${lines.map((line) => `- ${line}\n`).join('')}\n`;
}

const CONTENTS = `## What it holds

| file | |
| --- | --- |
| report.html | what was tested, over which population, with which result; read this first, offline or in print |
| controls.csv, soa.csv, scope.csv | statuses at the end of the period and over it; the Statement of Applicability; the scope, and which configuration was in force when |
| verdicts.csv, deviations.csv | every verdict of the range; every deviation, those put right in time included |
| populations.csv, events.csv | of the checks on events (leavers, changes, jobs): how many were judged in the period and with which result; each of them |
| exceptions.csv, attestations.csv | each wording that stood in the range |
| runs.csv, coverage.csv | every run, failed ones with their reason; expected and actual snapshots of each source, and the longest gap |
| config-changes.csv | what was changed, by whom it was approved or that no approval is evidenced, and what it did to verdicts |
| evidence/ | the sealed bodies, a record a line, named by their SHA-256; index.csv says which statement names which |
| inventory.sqlite | the tables that checks read, at the end of the period, with views that re-perform them |
| envelopes.jsonl, proofs.jsonl, log/, keys/, tsa/, trusted_root.json | every signed statement of the range with its proof, checkpoints, timestamps, public keys |
| manifest.json, manifest.note, SHA256SUMS, verify.sh | digests of all of this, signed by the log's key; what verifies it without Annexa |

**The metadata of all statements of the range are in it**, whatever controls were asked for: that nothing was left out can't be seen otherwise. Bodies are only those that the question asks for.
Statuses, verdicts and deviations are as at the end of the period; rows beyond it say so (\`in_period\`). The range reaches a little further than the period, up to the timestamps around it.
In the CSV files a text that a spreadsheet would take for a formula (it begins with =, +, -, @, a tab or a carriage return, or their full-width forms) has an apostrophe in front that is not part of it.

`;

function verification({ evidence }: Findings): string {
  return `## How to verify it

With Annexa, offline, on your own machine:
\`\`\`sh
npx annexa verify BUNDLE.zip --key ENVELOPE-KEY,CHECKPOINT-KEY
npx annexa reperform BUNDLE.zip
\`\`\`
The two fingerprints, and the certificates of the time stamping authorities, are those that the operator gave you another way (\`annexa keys\`): copies inside the bundle say nothing about themselves.
\`--since\` with a checkpoint of this log (\`${evidence.origin}\`) that you kept, or \`--witness\` with the key of an independent witness, shows that there is no second history.

Without Annexa, with sha256sum, openssl, jq and cosign 3.1.1 or later, in the unpacked bundle:
\`\`\`sh
sha256sum -c SHA256SUMS
bash verify.sh
\`\`\`
Take verify.sh from the release, not from here. A timestamp alone:
\`\`\`sh
openssl ts -verify -attime <its time, Unix seconds> -in log/checkpoints/<size>.<authority>.tsr -data log/checkpoints/<size> -CAfile tsa/ca.pem
\`\`\`

`;
}

function* repeat({ replay, spill }: Findings): Generator<string> {
  yield `## How to repeat a test by hand

\`\`\`sh
sqlite3 -readonly inventory.sqlite 'SELECT name, view, sqlite, note FROM annexa_check'
sqlite3 -readonly inventory.sqlite 'SELECT * FROM check_<name>'
sqlite3 -readonly inventory.sqlite 'SELECT v, count(*) FROM population_<name> GROUP BY v'
\`\`\`
\`check_<name>\` lists what fails (v is 1) or can't be judged (v is NULL), \`population_<name>\` everything that the rule applies to; \`-\` in a name is \`_\`. \`annexa_verdict\` has the sealed verdicts to compare with, \`annexa_source\` the snapshots that the tables come from and what was missing: where a source was stale or missing, the sealed verdict is unknown though the rows may pass.
`;
  yield replay.end === undefined
    ? `There was no assessment before the end of the period, so the tables are empty.\n`
    : `The tables are those that the assessment of entry ${replay.end.entry.index} read; its moment, ${instantText(replay.end.now)}, stands for \`:now\`.\n`;
  yield `SQLite 3.40 or later reads all of them, but for checks whose column \`sqlite\` names a later version.\n\n`;
  yield `${spill.count('deviations')} deviations, ${spill.count('verdicts')} verdicts: the CSV files have a row for each.\n\n`;
}

function* limits({ facts }: Findings): Generator<string> {
  yield `## What it can't show

- A complete log is not a complete estate: it shows that sources in the declared scope were read whole, not that the scope names everything.
- Time before the first timestamp: what no earlier and no later timestamp bounds has the agent's own word for it. ${facts.asserted.count} entries of the range have no covering timestamp, ${facts.asserted.late} were covered more than 24 h after they were sealed.
- Split view: who holds both keys can keep a second log, invent data as they are collected, or start over. Only a witness, or an earlier checkpoint that you kept, excludes it.
- Work that leaves no trace in a system, such as the care taken in a review. That is attested, and named so.
- What was erased on request: evidence/index.csv says how many lines of which body; the rest is shown to be the original.
`;
}

/** On one line, with nothing that Markdown or a terminal would act on. */
function plain(text: string): string {
  return unhide(text.replace(/\s+/g, ' '), (name) => `(${name})`).replace(/[\\`*_[\]<>#|!~]/g, '\\$&');
}
