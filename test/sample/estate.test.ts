import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Estate, startEstate } from '../../src/sample/estate.ts';
import { shiftCsv, shiftXml } from '../../src/sample/shift.ts';
import { collectAws } from '../collectors/aws-harness.ts';

const ESTATE = join(import.meta.dirname, '../../examples/acme/estate');
const NOW = Date.UTC(2031, 4, 17, 9, 30);

describe('the sample estate', () => {
  let estate: Estate;
  beforeAll(async () => {
    estate = await startEstate(ESTATE, { now: NOW });
  });
  afterAll(() => estate.close());

  test('replays the recordings as if they had been made today', async () => {
    const now = () => Math.floor(NOW / 1000) + 30;
    const { records, told } = await collectAws(estate.url, '123456789012', 'iam-identities', { now });
    expect(records.filter(({ kind }) => kind === 'identity')).toHaveLength(45);
    expect(NOW / 1000 - (told.asOf ?? 0)).toBeLessThan(600);
    expect(NOW / 1000 - (told.asOf ?? 0)).toBeGreaterThanOrEqual(0);
    const key = records.find((record) => 'type' in record && record.type === 'access_key');
    expect(key).toHaveProperty('rotated_at', expect.closeTo(NOW / 1000 - 40 * 86_400, -2.8));
  });

  test('moves the Date headers too, so that live answers are of now', async () => {
    const now = () => Math.floor(NOW / 1000) + 30;
    const { told } = await collectAws(estate.url, '123456789012', 'iam-account', { now });
    expect(Math.abs((told.asOf ?? 0) - NOW / 1000)).toBeLessThan(120);
  });

  test('serves the HR export of the day, leavers as recent as when it was written', async () => {
    const answer = await fetch(`${estate.url}/hr/people.csv`);
    const text = await answer.text();
    expect(answer.headers.get('content-type')).toBe('text/csv');
    const rows = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    expect(new Set(rows.map((row) => row[6]))).toEqual(new Set(['2031-05-17']));
    const left = rows.filter((row) => row[3] === 'left').map((row) => Date.parse(row[5] ?? ''));
    expect(left.map((at) => (Date.UTC(2031, 4, 17) - at) / 86_400_000).sort((a, b) => a - b)).toEqual([
      6, 15, 34, 120,
    ]);
  });

  test('every user of the company is in the HR export, but for services and one that nobody knows', async () => {
    const { records } = await collectAws(estate.url, '123456789012', 'iam-identities', {
      now: () => Math.floor(NOW / 1000) + 30,
    });
    const people = await (await fetch(`${estate.url}/hr/people.csv`)).text();
    const strangers = records.flatMap((record) =>
      record.kind === 'identity' &&
      'name' in record &&
      typeof record.name === 'string' &&
      !people.includes(record.name)
        ? [record.name]
        : [],
    );
    expect(strangers.sort()).toEqual([
      'root',
      'svc-backup',
      'svc-deploy',
      'svc-invoices',
      'svc-metrics',
      'test-migration',
    ]);
  });

  test.each([
    [
      'an operation that is not recorded',
      { method: 'POST', body: 'Action=ListUsers&Version=2010-05-08' },
      'ListUsers {}',
    ],
    [
      'parameters that are not recorded',
      { method: 'POST', body: 'Action=ListVirtualMFADevices&MaxItems=7' },
      'ListVirtualMFADevices {"MaxItems":"7"}',
    ],
    ['a path that is not there', { method: 'GET' }, 'GET /'],
  ])('answers %s with an error that names it', async (_, request, named) => {
    const answer = await fetch(estate.url, request);
    expect(answer.status).toBe(501);
    expect(await answer.text()).toContain(`no recorded answer to ${named}`);
  });
});

test('an estate without its manifest does not start', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'annexa-estate-'));
  await expect(startEstate(directory, { now: NOW })).rejects.toThrow('estate.json');
  await cp(join(ESTATE, 'estate.json'), join(directory, 'estate.json'));
  await expect(startEstate(directory, { now: NOW })).rejects.toThrow('aws.json');
  await rm(directory, { recursive: true });
});

describe('times', () => {
  const shift = { facts: 3600, made: 3600 + 5 * 3600 };

  test('are moved in their own form; versions of policies are not times', () => {
    expect(
      shiftXml('<A>2026-11-22T05:00:00Z</A><B>2026-11-22T05:00:00.123456+00:00</B><V>2012-10-17</V>', shift),
    ).toBe('<A>2026-11-22T06:00:00Z</A><B>2026-11-22T06:00:00.123456+00:00</B><V>2012-10-17</V>');
  });

  test('inside a credential report are moved, and the report is renewed every four hours', () => {
    const content = (text: string) => `<Content>${Buffer.from(text).toString('base64')}</Content>`;
    const body = (csv: string, at: string) => `${content(csv)}<GeneratedTime>${at}</GeneratedTime>`;
    expect(shiftXml(body('a,2026-11-22T05:00:00+00:00', '2026-11-22T05:00:00Z'), shift)).toBe(
      body('a,2026-11-22T06:00:00+00:00', '2026-11-22T10:00:00Z'),
    );
  });

  test('in CSV are moved by days; columns that tell when it was made follow the day', () => {
    const days = { facts: 86_400, made: 3 * 86_400 };
    expect(shiftCsv('start,made\n2026-02-28,2026-11-22\n,2026-11-22\n', ['made'], days)).toBe(
      'start,made\n2026-03-01,2026-11-25\n,2026-11-25\n',
    );
  });
});

test('the estate imports nothing of the other rooms', async () => {
  for (const file of ['estate.ts', 'shift.ts']) {
    const text = await readFile(join(import.meta.dirname, '../../src/sample', file), 'utf8');
    expect(text.match(/from '\.\.\//g)).toBeNull();
  }
});
