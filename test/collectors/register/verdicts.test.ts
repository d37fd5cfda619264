import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verdictsOf } from '../../engine/verdicts.ts';
import { now } from './harness.ts';

const examples = join(import.meta.dirname, '../../../examples/registers');

interface Change {
  readonly file: string;
  readonly what: string;
  readonly by: string;
}

/** The outcome of checks over the examples, with lines of them changed. */
async function outcomes(checks: readonly string[], changes: readonly Change[] = []) {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-isms-'));
  try {
    await cp(join(examples, 'isms'), directory, { recursive: true });
    for (const { file, what, by } of changes) {
      const text = await readFile(join(directory, file), 'utf8');
      if (!text.includes(what)) throw new Error(`${file} has no ${what}`);
      await writeFile(join(directory, file), text.replace(what, by));
    }
    const manifest = await readFile(join(examples, 'annexa/collectors.yaml'), 'utf8');
    const manifests = { 'collectors.yaml': manifest.replaceAll('../isms/', `${directory}/`) };
    return await verdictsOf({ manifests, now }, checks);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Each kind of register, and a check that reads it. */
const passing = [
  'training-completed',
  'policies-approved',
  'policies-acknowledged',
  'policies-reviewed',
  'runbooks-current',
  'roles-assigned',
  'role-holders-employed',
  'assets-owned',
  'assets-classified',
  'suppliers-reviewed',
  'supplier-contracts-signed',
  'incidents-triaged',
  'incidents-learned-from',
  'nonconformities-corrected',
  'actions-effective',
  'auditors-impartial',
  'audits-performed',
  'management-reviews-held',
  'management-review-inputs',
];

describe('the whole agent over registers', () => {
  test('as they should be: the checks that read them pass', async () => {
    const found = await outcomes(passing);
    const others = Object.entries(found).filter(([, { outcome }]) => outcome !== 'pass');
    expect(others).toEqual([]);
  }, 120_000);

  test('with faults in them: each is found and told by its record; what can’t be read passes nothing', async () => {
    const found = await outcomes(passing, [
      { file: 'training.csv', what: '11/02/2026,11/02/2027', by: '11/02/2025,11/02/2026' },
      { file: 'assets.csv', what: 'in use,priya.nair@acme.example,', by: 'in use,,' },
      { file: 'internal-audits.yaml', what: 'auditor: lea.brandt', by: 'auditor: omar.haddad' },
      { file: 'management-reviews.yaml', what: 'inputs: [a, b, c, d, e, f, g]', by: 'inputs: [a, b, c]' },
      {
        file: 'role-holders.yaml',
        what: 'omar.haddad@acme.example, deputy: no',
        by: 'ines.costa@acme.example, deputy: no',
      },
      // One that can't be read of many, a column under another name, and a quote that isn't closed.
      { file: 'suppliers/aws.yaml', what: 'exit plan: yes\n', by: '' },
      { file: 'incidents.csv', what: 'Triaged', by: 'Looked at' },
      { file: 'corrective-actions.csv', what: 'CA-14,', by: '"CA-14,' },
    ]);
    const failing = ['training-completed', 'assets-owned', 'auditors-impartial'];
    expect(Object.fromEntries(failing.map((name) => [name, found[name]?.failing]))).toEqual({
      'training-completed': ['hr:acme:1002'],
      'assets-owned': ['register:acme:assets/A-001'],
      'auditors-impartial': ['register:acme:internal-audits/IA-2026-1/omar.haddad@acme.example'],
    });
    expect(found['management-review-inputs']?.failing).toEqual(['register:acme:management-reviews/MR-2026']);
    expect(found['role-holders-employed']?.failing).toEqual([
      'register:acme:role-holders/incident-manager/ines.costa@acme.example',
    ]);
    const unread = passing.filter((name) => /^(supplier|incidents|actions|nonconf)/.test(name));
    expect(unread.map((name) => found[name]?.outcome)).toEqual(unread.map(() => 'unknown'));
  }, 120_000);
});
