import { absenceText } from '../../../controls/absence.ts';
import { instantText, spanText } from '../../../controls/words.ts';
import type { Findings } from '../findings.ts';
import { numberText } from '../text.ts';
import { type Content, safe, table } from './html.ts';

/** Whose report it is, what was asked, and what its times and its completeness rest on. */
export function* titlePage(findings: Findings): Generator<string> {
  const { evidence, question, replay } = findings;
  const organisation = replay.config?.organisation || evidence.origin;
  const { from, to } = question;
  yield safe`<header>
    <h1>${organisation}</h1>
    <p class="subtitle">
      What was tested of the controls of ISO/IEC 27001:2022, <span class="whole">${instantText(from)}</span> to <span class="whole">${instantText(to)}</span>
    </p>
`.html;
  if (evidence.sample)
    yield safe`<p class="sample-mark">
      SAMPLE: made from recordings of an organisation that doesn’t exist. It says nothing about anybody.
    </p>
`.html;
  const rows = facts(findings);
  yield* table({
    kind: 'facts',
    caption: 'What this report rests on',
    columns: ['Subject', 'Value'],
    rows,
    total: rows.length,
    file: 'manifest.json',
  });
  yield safe`<p>Fingerprints, and the certificates of time stamping authorities, count only when they are compared with those that were handed over another way:
copies inside the bundle speak for themselves alone. All times are UTC.</p>
</header>
`.html;
}

function facts(findings: Findings): Content[][] {
  const { evidence, question, replay, facts } = findings;
  const { first, end } = evidence.range;
  const code = (text: string) => safe`<code>${text}</code>`;
  const { size, root } = evidence.checkpoint;
  const scope = replay.config?.scope?.statement ?? 'none was declared';
  return [
    [
      'Period',
      `from ${instantText(question.from)} to ${instantText(question.to)}, ${spanText(question.to - question.from)}`,
    ],
    ['Controls asked for', question.controls === null ? 'all' : question.controls.join(', ')],
    [
      'Collectors asked for',
      question.collectors === null ? 'all that they rest on' : question.collectors.join(', '),
    ],
    ['Declared scope (clause 4.3)', scope],
    ...(replay.config?.scope?.absent ?? []).map((absence): Content[] => [
      `Said not to exist: ${absence.kinds.join(', ')}`,
      absenceText(absence),
    ]),
    ['Log', code(evidence.origin)],
    ['Answered at checkpoint', [`size ${numberText(size)}, root `, code(root)]],
    ['Entries', `${numberText(end - first)}: from ${first} to before ${end}`],
    ...facts.keys.map(({ use, fingerprint, index }): Content[] => [
      `Key for ${use === 'envelope' ? 'statements' : use === 'checkpoint' ? 'checkpoints' : 'salts of bodies'}`,
      [code(fingerprint), index === 0 ? '' : `, since entry ${index}`],
    ]),
    ...timeBounds(findings),
  ];
}

function timeBounds({ evidence, facts }: Findings): Content[][] {
  const { first, end } = evidence.range;
  const before = evidence.tokens.filter(({ size }) => size <= first).map(({ genTime }) => genTime);
  const after = evidence.tokens.filter(({ size }) => size >= end).map(({ genTime }) => genTime);
  const authorities = new Set(evidence.tokens.map(({ authority }) => authority));
  const by = authorities.size === 0 ? '' : `, by ${[...authorities].join(', ')}`;
  const sealed = facts.sealed?.map(instantText).join(' to ') ?? 'nothing was sealed';
  return [
    ['Timestamps of others', `${numberText(evidence.tokens.length)}${by}`],
    [
      'Sealed not before',
      before.length === 0 ? 'no timestamp says: asserted by the agent' : instantText(Math.max(...before)),
    ],
    [
      'Sealed not after',
      after.length === 0
        ? 'no timestamp covers the last entries: asserted by the agent'
        : instantText(Math.min(...after)),
    ],
    ['Sealed, as the agent says', sealed],
    [
      'Entries with no covering timestamp',
      `${numberText(facts.asserted.count)}: their times are asserted by the agent`,
    ],
    [
      'Entries with a late timestamp',
      `${numberText(facts.asserted.late)}: covered more than 24 h after they were sealed`,
    ],
  ];
}
