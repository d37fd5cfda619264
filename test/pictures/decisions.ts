import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from './command.ts';
import { dateText, DAY, type Month } from './story.ts';

/** Aspects that nobody has attested at the beginning, and that stay so. */
const NOT_ATTESTED = /^a-(?:7-|5-28|5-13|8-30|8-11|8-12|5-3-|8-6|8-29)|^7-|^4-4/;

/** Attests what people can show and no check examines: each once a year, some of it due again in the month. */
export async function attest(directory: string, month: Month): Promise<void> {
  const templates = join(directory, 'templates');
  await main(['controls', '--clauses', '--config', join(directory, 'config'), '--templates', templates], {});
  const files = (await readdir(templates)).filter((file) => !NOT_ATTESTED.test(file));
  // The controls of Annex A before the clauses.
  files.sort((a, b) => Number(b.startsWith('a-')) - Number(a.startsWith('a-')) || (a < b ? -1 : 1));
  await mkdir(join(directory, 'config/attestations'), { recursive: true });
  for (const [index, file] of files.entries()) {
    const at = Date.parse('2025-11-19') / 1000 + index * 4 * DAY;
    const text = filledIn(await readFile(join(templates, file), 'utf8'), at);
    await writeFile(join(directory, 'config/attestations', file), month.moved(text));
  }
}

/** A year's worth, in the words of what the aspect asks for. */
function filledIn(template: string, at: number): string {
  const aspect = /^# Aspect: (.+)$/m.exec(template)?.[1] ?? '';
  return template
    .replaceAll(/^ *#.*\n/gm, '')
    .replace(/statement:.*/, `statement: "${aspect}: gone through with those who do it, and found so."`)
    .replace(/by:.*/, 'by: Information Security Manager')
    .replace(/at:.*/, `at: '${dateText(at)}'`)
    .replace(/expires:.*/, `expires: '${dateText(at + 365 * DAY)}'`);
}

interface Decision {
  readonly at: number;
  readonly file: string;
  readonly text: string;
}

const approved = (by: string, at: string): string =>
  `  annotations:\n    annexa.dev/approved-by: ${by}\n    annexa.dev/approved-at: '${at}'\n`;

const exception = (name: string, at: string, spec: string): string => `apiVersion: annexa.dev/v1alpha1
kind: Exception
metadata:
  name: ${name}
${approved('Managing Director', at)}spec:
${spec}  approver: Managing Director
  approvedAt: '${at}'
`;

const OLD_KEYS = `  check: access-key-rotation
  records: { all: true }
  reason: The founder's tools and two jobs still sign in with long-lived keys. Single sign-on replaces them in December.
  risk: R-02, stolen keys. The keys can be used from the company's network alone meanwhile.
  expires: '2026-12-08'
`;

const AWAY = `  check: training-completed
  records: { all: true }
  reason: One person works at a customer's site until January and does the course on the day of the return.
  risk: R-05, phishing. The account reads no customer data meanwhile.
  expires: '2027-01-31'
`;

/** Who answers for the accounts that serve no person. */
const SERVICES = `  owners:
    services:
      'aws:svc-deploy': hr:acme:A107
      'aws:svc-backup': hr:acme:A107
      'aws:svc-metrics': hr:acme:A107
      'aws:svc-invoices': hr:acme:A105
      'aws:test-migration': hr:acme:A107
`;

/**
 * What is decided in the month: a check is loosened without an approval and tightened again, services get somebody who answers for them, two
 * exceptions are granted, and one of two attestations that expire is made anew.
 */
export async function decisionsOf(directory: string, month: Month): Promise<Decision[]> {
  const check = await readFile('src/controls/checks/credential/access-key-unused.yaml', 'utf8');
  const own = (days: number, approval = ''): string =>
    check
      .replace('metadata: { name: access-key-unused }\n', `metadata:\n  name: access-key-unused\n${approval}`)
      .replace('{ value: 45 }', `{ value: ${days}, policy: Access control policy 5.4 }`);
  const scope = await readFile(join(directory, 'config/scope.yaml'), 'utf8');
  const again = 'attestations/a-5-14-agreements.yaml';
  const attestation = await readFile(join(directory, 'config', again), 'utf8');
  const { moved } = month;
  const told: readonly (readonly [day: string, file: string, text: string])[] = [
    ['2026-11-07', 'training.yaml', moved(exception('training-after-return', '2026-11-06', AWAY))],
    ['2026-11-10', 'unused-keys.yaml', own(500)],
    [
      '2026-11-12',
      'unused-keys.yaml',
      moved(own(60, approved('Information Security Manager', '2026-11-12'))),
    ],
    [
      '2026-11-13',
      'scope.yaml',
      scope.replace('  owners:\n', SERVICES).replace(/(approved-at: ).*/, moved("$1'2026-11-13'")),
    ],
    [
      '2026-11-17',
      'old-keys.yaml',
      moved(exception('old-keys-until-single-sign-on', '2026-11-17', OLD_KEYS)),
    ],
    [
      '2026-11-23',
      again,
      attestation
        .replace(/( at: ).*/, moved("$1'2026-11-22'"))
        .replace(/(expires: ).*/, moved("$1'2027-11-22'")),
    ],
  ];
  return told.map(([day, file, text]) => ({ at: month.day(`${day}T10:00:00Z`), file, text }));
}
