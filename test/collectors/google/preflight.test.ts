import { describe, expect, test } from 'vitest';
import type { PermissionReport } from '../../../src/collectors/contract.ts';
import { datasets } from '../../../src/collectors/google/datasets.ts';
import { directoryScope } from '../../../src/collectors/google/dataset.ts';
import { google } from '../../../src/collectors/google/index.ts';
import { contextOf } from '../harness.ts';
import { base, SUBJECT } from './estate.ts';
import { configOf, type Options } from './harness.ts';
import { ACCOUNT, keyFile } from './identities.ts';
import { startStub } from './stub.ts';

interface Examined extends PermissionReport {
  readonly asked: readonly string[];
}

async function examine(options: Options = {}, chosen?: readonly string[]): Promise<Examined> {
  await using stub = await startStub(base, options);
  const { context, told } = contextOf(() => Math.floor(Date.now() / 1000), { GOOGLE_KEY: keyFile() });
  await using collector = google.connect(configOf(stub.endpoint, options.settings), context);
  const report = await collector.preflight(options.signal ?? new AbortController().signal, chosen);
  expect(told.calls).toEqual([]);
  return { ...report, asked: stub.calls.map(({ operation }) => operation) };
}

const every = datasets.flatMap(({ name, permissions }) =>
  permissions.map((permission) => `${name} ${permission}`),
);
const linesOf = ({ permissions }: PermissionReport): string[] =>
  permissions.map(({ dataset, permission }) => `${dataset} ${permission}`);
const notHeld = ({ permissions }: PermissionReport) =>
  permissions.filter(({ held }) => held !== true).map(({ dataset, held }) => ({ dataset, held }));

describe('doctor', () => {
  test('tells each permission of each dataset, held, and tries each but once', async () => {
    const report = await examine();
    expect(linesOf(report)).toEqual(every);
    expect(notHeld(report)).toEqual([]);
    expect(report.caller).toBe(`${ACCOUNT} as ${SUBJECT}`);
    const permissions = new Set(datasets.flatMap(({ permissions }) => permissions));
    expect(report.asked).toHaveLength(2 * permissions.size);
  });

  test('leaves out what is not configured, or was not asked about', async () => {
    const report = await examine({ settings: { oauthGrants: undefined } });
    expect(linesOf(report)).toEqual(every.filter((line) => !line.startsWith('oauth-grants')));
    const one = await examine({}, ['mobile-devices']);
    expect(linesOf(one)).toEqual(every.filter((line) => line.startsWith('mobile-devices')));
  });

  const permissions = [...new Set(datasets.flatMap((dataset) => dataset.permissions))];

  test.each(permissions)('%s: not delegated is not held, with what to add', async (missing) => {
    const report = await examine({ delegated: permissions.filter((one) => one !== missing) });
    const lines = report.permissions.filter(({ held }) => held !== true);
    expect(lines.map(({ dataset }) => dataset)).toEqual(
      datasets.filter((dataset) => dataset.permissions.includes(missing)).map(({ name }) => name),
    );
    for (const { permission, held, detail } of lines) {
      expect({ permission, held }).toEqual({ permission: missing, held: false });
      expect(detail).toContain('unauthorized_client');
      expect(detail).toContain(`add ${missing} to the domain-wide delegation`);
    }
  });

  test("tells a privilege that the subject's role lacks", async () => {
    const report = await examine({ forbidden: ['directory.mobiledevices.list'] });
    expect(report.permissions.filter(({ held }) => held !== true)).toEqual([
      expect.objectContaining({
        dataset: 'mobile-devices',
        permission: directoryScope('device.mobile.readonly'),
        held: false,
        detail: expect.stringContaining('Mobile Device Management'),
      }),
    ]);
  });

  test.each(['error', 'quota', 'empty', 'hang'] as const)('says unknown on %s', async (kind) => {
    const report = await examine({
      faults: { 'directory.customers.get': { kind } },
      settings: { requestTimeout: 0.5 },
    });
    expect(notHeld(report)).toEqual(datasets.map(({ name }) => ({ dataset: name, held: 'unknown' })));
  });

  test('says unknown of what it had no time for', async () => {
    const report = await examine({ signal: AbortSignal.abort() });
    expect(notHeld(report)).toHaveLength(every.length);
    expect(report.permissions.every(({ held }) => held === 'unknown')).toBe(true);
  });
});
