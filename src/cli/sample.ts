import { writeFile } from 'node:fs/promises';
import { drawSample, type Sample, type SampleRequest } from '../audit/sample/draw.ts';
import { integer, jsonOption, parse } from './arguments.ts';
import { type Command, type Io, UsageError } from './command.ts';
import { keyOption, openEvidence } from './evidence.ts';
import { jsonLine, table } from './output.ts';

/** What auditors commonly begin with. */
const DEFAULT_SIZE = 25;

export const sample: Command = {
  name: 'sample',
  usage:
    'BUNDLE (--snapshot INDEX | --check NAME [--assessment INDEX]) --seed TEXT [--size N] [-o FILE] [--key FINGERPRINT,...] [--json]',
  summary:
    'draw a sample of a population that neither side can steer, each record with its proof against the signed root',
  async run(args, io) {
    const { values, positionals } = parse(
      args,
      {
        ...jsonOption,
        ...keyOption,
        snapshot: { type: 'string' },
        check: { type: 'string' },
        assessment: { type: 'string' },
        seed: { type: 'string' },
        size: { type: 'string' },
        output: { type: 'string', short: 'o' },
      },
      { atLeast: 1, atMost: 1 },
    );
    const { seed, size, output } = values;
    if (typeof seed !== 'string' || seed === '' || seed.includes('\n'))
      throw new UsageError('--seed: expected a text of your own on one line, told to nobody before');
    const number = typeof size === 'string' ? integer('--size', size) : DEFAULT_SIZE;
    const from = population(values);
    await using evidence = await openEvidence(positionals[0]!, values['key'], io);
    const drawn = await drawSample(evidence, { seed, size: number, from });
    if (typeof output === 'string') {
      await writeFile(output, `${JSON.stringify(drawn, undefined, 2)}\n`, { flag: 'wx' });
    }
    if (values['json'] === true) io.out(jsonLine(drawn));
    else tell(drawn, typeof output === 'string' ? output : undefined, io);
    return 0;
  },
};

function population({
  snapshot,
  check,
  assessment,
}: ReturnType<typeof parse>['values']): SampleRequest['from'] {
  if (typeof snapshot === 'string' && check === undefined && assessment === undefined)
    return { snapshot: integer('--snapshot', snapshot) };
  if (typeof check === 'string' && snapshot === undefined)
    return { check, assessment: typeof assessment === 'string' ? integer('--assessment', assessment) : null };
  throw new UsageError(
    'which population? give --snapshot INDEX, or --check NAME with --assessment INDEX if it is not the last',
  );
}

function tell(
  { seed, checkpoint, check, assessment, population, items }: Sample,
  file: string | undefined,
  io: Io,
): void {
  const what = check === null ? '' : `, to which ${check} applied in entry ${assessment}`;
  io.out(`${items.length} of ${population} records${what}:`);
  const columns = [
    { title: 'score' },
    { title: 'snapshot', align: 'right' },
    { title: 'outcome' },
    { title: 'record' },
  ] as const;
  for (const line of table(
    columns,
    items.map(({ score, snapshot, outcome, id }) => [score.slice(0, 16), snapshot, outcome, id]),
  ))
    io.out(line);
  io.out('');
  io.out(
    `score: SHA-256 of the seed, the checkpoint's root and the record's id, a line each; the smallest are drawn. Try one:`,
  );
  const [first] = items;
  if (first !== undefined)
    io.out(`  printf '%s\\n%s\\n%s' ${quoted(seed)} ${checkpoint.root} ${quoted(first.id)} | sha256sum`);
  io.out(
    file === undefined
      ? 'With -o FILE or --json: each record as sealed, and its audit path to the root that its snapshot signed.'
      : `${file} holds each record as sealed, and its audit path to the root that its snapshot signed.`,
  );
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
