import { describe, expect, test } from 'vitest';
import { verdictsOf } from '../../engine/verdicts.ts';
import type { Fault } from '../answering.ts';
import { acme, NOW } from './harness.ts';
import { bamboo, type Company } from './stub.ts';

const CHECKS = ['contractor-end', 'leaver-identities', 'leaver-returned-keys'];
const DATE = { date: new Date((NOW - 60) * 1000).toUTCString() };

/** What the checks find when the whole agent collects the company. */
async function verdicts(company: Company, fault?: (operation: string) => Fault | undefined) {
  await using stub = await bamboo(company, { headers: DATE, fault });
  const settings = {
    company: 'acme',
    apiKey: { env: 'KEY' },
    url: stub.origin,
    types: { 'Full-Time': 'employee', 'Part-Time': 'employee' },
    attempts: 1,
    requestTimeout: 1,
  };
  const manifest = { apiVersion: 'annexa.dev/v1alpha1', kind: 'Collector', metadata: { name: 'people' } };
  const collector = { ...manifest, spec: { plugin: 'bamboohr', settings } };
  return await verdictsOf(
    { manifests: { 'collectors.yaml': JSON.stringify(collector) }, env: { KEY: 'sesame' }, now: NOW },
    CHECKS,
  );
}

/** Besides the others: a contractor without a last day, one who came back, and one whose status says nothing. */
const planted: Company = {
  ...acme,
  employees: [
    ...acme.employees,
    { employeeId: '5', workEmail: 'eve@acme.example', employmentStatusName: 'Contractor' },
    { employeeId: '6', workEmail: 'fay@acme.example', employmentStatusName: 'Contractor' },
    { employeeId: '7', workEmail: 'gus@acme.example', employmentStatusName: 'Guest' },
  ],
  employmentStatus: [
    ...acme.employmentStatus,
    ['5', '2026-01-01', 'Contractor'],
    ['6', '2024-01-01', 'Contractor'],
    ['6', '2025-01-31', 'Terminated'],
    ['6', '2026-01-01', 'Contractor'],
    ['7', '2026-01-01', 'Guest'],
  ],
};

describe('the whole agent', () => {
  test('finds what is planted', async () => {
    const found = await verdicts(planted);
    expect(found['contractor-end']).toMatchObject({
      outcome: 'fail',
      failing: ['bamboohr:acme:5', 'bamboohr:acme:6'],
      unknown: ['bamboohr:acme:7'],
    });
  });

  test('passes what is as it should be, and what needs systems that are not connected is unknown', async () => {
    const found = await verdicts(acme);
    expect(found['contractor-end']).toMatchObject({ outcome: 'pass', failing: [], unknown: [] });
    expect(found['leaver-identities']?.outcome).toBe('unknown');
    expect(found['leaver-returned-keys']?.outcome).toBe('unknown');
  });

  test.each<[string, Fault, string]>([
    ['list-employees', 'cut', 'incomplete'],
    ['get-employee-table-data', { status: 403 }, 'denied'],
  ])('passes nothing when %s ends in %o', async (wanted, fault, code) => {
    const found = await verdicts(acme, (operation) => (operation === wanted ? fault : undefined));
    expect(Object.values(found).map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(found['contractor-end']?.why).toContain(`failed: ${code}`);
  });
});
