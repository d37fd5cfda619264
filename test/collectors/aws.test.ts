import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import nock from 'nock';
import { afterEach, describe, expect, test } from 'vitest';
import type { Recording } from '../../src/sample/estate.ts';
import { collectAws, type Outcome } from './aws-harness.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Recording => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
const MOTO = { recording: read('examples/acme/estate/aws.json'), account: '123456789012' };
const MINISTACK = { recording: read('test/fixtures/aws/ministack.json'), account: '000000000000' };
type Source = typeof MOTO;

/** Answers AWS's own hosts from a recording; `change` may alter one answer's body. */
function replay(
  { recording }: Source,
  change: (operation: string, body: string) => string = (_, body) => body,
): void {
  nock.disableNetConnect();
  for (const host of ['https://iam.amazonaws.com', 'https://sts.us-east-1.amazonaws.com'])
    nock(host)
      .persist()
      .post('/')
      .reply(async (request: Request) => {
        const operation = new URLSearchParams(await request.text()).get('Action') ?? '';
        const entry = recording.exchanges.find((exchange) => exchange.operation === operation);
        if (entry === undefined) return [501, `nothing recorded of ${operation}`];
        return [entry.status, change(operation, entry.body), entry.headers];
      });
}

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

function collect(
  source: Source,
  dataset: string,
  settings: Record<string, unknown> = {},
  late = 60,
): Promise<Outcome> {
  const now = () => Math.floor(Date.parse(source.recording.recordedAt) / 1000) + late;
  return collectAws('', source.account, dataset, { now, settings: { endpoint: undefined, ...settings } });
}

const byName = ({ records }: Outcome, name: string) =>
  records.find((record) => record.kind === 'identity' && 'name' in record && record.name === name);
const of = ({ records }: Outcome, identity: string | undefined, kind: string) =>
  records.filter((record) => record.kind === kind && 'identity' in record && record.identity === identity);

const days = (source: Source, ago: number): number =>
  Math.floor(Date.parse(source.recording.recordedAt) / 1000) - ago * 86_400;
/** Recorded within two minutes. */
const about = (instant: number) => expect.closeTo(instant, -2.4);

describe('iam-identities of a recorded account', () => {
  test('is every user and the root user, as of the report, with provenance', async () => {
    replay(MOTO);
    const collected = await collect(MOTO, 'iam-identities');
    const identities = collected.records.filter(({ kind }) => kind === 'identity');
    expect(identities).toHaveLength(45);
    expect(new Set(collected.records.map(({ id }) => id)).size).toBe(collected.records.length);
    const { told } = collected;
    expect(told.asOf).toEqual(about(days(MOTO, 0)));
    expect(told.caller).toBe('arn:aws:sts::123456789012:user/moto');
    expect(told.endpoint).toEqual({ url: 'https://iam.amazonaws.com', vendor: true });
    expect(told.calls.map(({ operation }) => operation)).toEqual([
      'sts:GetCallerIdentity',
      'iam:GenerateCredentialReport',
      'iam:GetCredentialReport',
      'iam:ListVirtualMFADevices',
      'iam:GetAccountAuthorizationDetails',
      'iam:GetAccountSummary',
    ]);
    expect(told.calls.every(({ requestId }) => requestId !== undefined)).toBe(true);
    expect(Object.fromEntries(told.notes)).toEqual({
      users: 44,
      groups: 4,
      roles: 3,
      policies: 4,
      usersAfterReport: 0,
    });
  });

  test('tells what lets somebody in, and what they hold by which way', async () => {
    replay(MOTO);
    const collected = await collect(MOTO, 'iam-identities');
    const founder = byName(collected, 'bero');
    expect(founder).toMatchObject({
      type: 'user',
      enabled: true,
      can_sign_in: true,
      second_factor: true,
      created_at: about(days(MOTO, 895)),
      last_active_at: about(days(MOTO, 2)),
      logins: ['bero'],
      groups: [],
    });
    expect(of(collected, founder?.id, 'credential')).toMatchObject([
      { type: 'password', active: true, used: true, last_active_at: about(days(MOTO, 4)) },
      {
        type: 'access_key',
        active: true,
        rotated_at: about(days(MOTO, 610)),
        used: true,
        last_active_at: about(days(MOTO, 2)),
      },
      { type: 'virtual_mfa', active: true, created_at: about(days(MOTO, 300)) },
    ]);
    expect(of(collected, founder?.id, 'role_grant')).toMatchObject([
      {
        grantee_type: 'user',
        via: 'direct',
        attachment: 'attached',
        policy: 'AdministratorAccess',
        policy_ref: 'arn:aws:iam::aws:policy/AdministratorAccess',
        administrator: true,
      },
    ]);
    const engineer = byName(collected, 'hale');
    expect(of(collected, engineer?.id, 'role_grant')).toMatchObject([
      { via: 'group:administrators', policy: 'AdministratorAccess', administrator: true },
      {
        via: 'group:engineering',
        attachment: 'inline',
        policy: 'read-logs',
        policy_ref: '',
        administrator: false,
      },
      {
        via: 'group:engineering',
        policy: 'acme-deploy',
        policy_ref: 'arn:aws:iam::123456789012:policy/acme-deploy',
      },
    ]);
  });

  test('a user without a console password cannot sign in; tags are kept', async () => {
    replay(MOTO);
    const collected = await collect(MOTO, 'iam-identities');
    expect(byName(collected, 'svc-backup')).toMatchObject({
      can_sign_in: false,
      second_factor: false,
      tags: [{ key: 'purpose', value: 'nightly copies' }],
    });
  });

  test('the root user is told by the summary where the report has no row of it', async () => {
    replay(MOTO);
    const root = byName(await collect(MOTO, 'iam-identities'), 'root');
    expect(root).toMatchObject({
      type: 'root',
      can_sign_in: true,
      second_factor: true,
      last_active_at: null,
      logins: [],
    });
  });

  test('the root user is told by its row in the report where there is one', async () => {
    replay(MINISTACK);
    const collected = await collect(MINISTACK, 'iam-identities');
    const root = byName(collected, 'root');
    expect(root).toMatchObject({ type: 'root', second_factor: false });
    expect(of(collected, root?.id, 'credential')).toEqual([]);
  });

  test('what a report does not tell is null, not never', async () => {
    replay(MINISTACK);
    const collected = await collect(MINISTACK, 'iam-identities');
    const founder = byName(collected, 'bero');
    expect(founder).toMatchObject({ last_active_at: null });
    expect(of(collected, founder?.id, 'credential')[0]).toMatchObject({
      type: 'password',
      rotated_at: null,
      used: null,
      last_active_at: null,
    });
  });
});

test('iam-account is the password policy, the root user and the counts, as of the answers', async () => {
  replay(MOTO);
  const { records, told } = await collect(MOTO, 'iam-account', {
    accounts: [{ id: MOTO.account, title: 'Production' }],
  });
  expect(records).toMatchObject([
    {
      id: 'aws:123456789012:account',
      title: 'Production',
      has_password_policy: true,
      password_min_length: 14,
      password_reuse_prevention: 24,
      password_max_age_days: 0,
      password_requires_symbols: true,
      root_has_password: null,
      root_second_factor: true,
      root_access_keys: 0,
      users: 44,
      groups: 4,
      roles: 3,
      policies: 4,
    },
  ]);
  expect(told.asOf).toEqual(about(days(MOTO, 0)));
});

describe('what is refused', () => {
  const refused = (
    change: (operation: string, body: string) => string,
    settings: Record<string, unknown> = {},
    late = 60,
  ) => {
    replay(MOTO, change);
    return collect(MOTO, 'iam-identities', settings, late);
  };
  const report = (edit: (csv: string) => string) => (operation: string, body: string) =>
    operation === 'GetCredentialReport'
      ? body.replace(/(?<=<Content>)[^<]+/, (content) =>
          Buffer.from(edit(Buffer.from(content, 'base64').toString())).toString('base64'),
        )
      : body;
  const xml = (wanted: string, edit: (body: string) => string) => (operation: string, body: string) =>
    operation === wanted ? edit(body) : body;

  test('a report from the future', async () =>
    await expect(refused((_, body) => body, {}, -3600)).rejects.toMatchObject({ code: 'as-of' }));

  test('a report without its time', async () =>
    await expect(
      refused(xml('GetCredentialReport', (body) => body.replace(/<GeneratedTime>.*<\/GeneratedTime>/, ''))),
    ).rejects.toMatchObject({
      code: 'as-of',
    }));

  test('another account than the configured one', async () =>
    await expect(
      refused(
        xml('GetCallerIdentity', (body) => body.replace('<Account>123456789012', '<Account>210987654321')),
      ),
    ).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('210987654321'),
    }));

  test.each([
    [
      'a column that is not there',
      (csv: string) => csv.replace('mfa_active', 'mfa'),
      'missing or repeated: mfa_active',
    ],
    [
      'a word that is neither true nor false',
      (csv: string) => csv.replace(/^(bero,.*?),true/m, '$1,maybe'),
      'user bero, column password_enabled: expected true or false, got "maybe"',
    ],
    [
      'a date in another form',
      (csv: string) => csv.replace(/^(bero,[^,]+),[^,]+/m, '$1,last spring'),
      'user bero, column user_creation_time',
    ],
    ['a row that is cut', (csv: string) => csv.slice(0, -30), 'not CSV of one width'],
    [
      'a user of another account',
      (csv: string) => csv.replace('::123456789012:user/bero', '::210987654321:user/bero'),
      'user bero, column arn',
    ],
    ['a user listed twice', (csv: string) => csv + /^bero,.*\n/m.exec(csv)?.[0], 'each user once'],
  ])(
    'a report with %s',
    async (_, edit, message) =>
      await expect(refused(report(edit))).rejects.toMatchObject({
        code: 'malformed',
        message: expect.stringContaining(message),
      }),
  );

  test('a report that lacks somebody who was there long before it', async () =>
    await expect(refused(report((csv) => csv.replace(/^bero,.*\n/m, '')))).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining('user/bero'),
    }));

  test('a report that hides further credentials', async () =>
    await expect(
      refused(
        report((csv) =>
          csv
            .trimEnd()
            .split('\n')
            .map(
              (line, index) =>
                line +
                (index === 0 ? ',additional_credentials_info' : line.startsWith('bero,') ? ',1 key' : ',N/A'),
            )
            .join('\n'),
        ),
      ),
    ).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining('bero has more credentials'),
    }));

  test('totals that differ, even after listing again', async () => {
    const fewer = xml('GetAccountSummary', (body) => body.replace(/(<key>Users<\/key><value>)\d+/, '$145'));
    await expect(refused(fewer)).rejects.toMatchObject({
      code: 'incomplete',
      message: expect.stringContaining('44 of 45 users'),
    });
  });

  test('a policy document that is none', async () =>
    await expect(
      refused(
        xml('GetAccountAuthorizationDetails', (body) => body.replace(/(?<=<PolicyDocument>)[^<]+/, '%7B')),
      ),
    ).rejects.toMatchObject({
      code: 'malformed',
      message: expect.stringContaining('policy'),
    }));

  test('an answer that does not say whether there is more', async () =>
    await expect(
      refused(
        xml('GetAccountAuthorizationDetails', (body) => body.replace(/<IsTruncated>.*?<\/IsTruncated>/, '')),
      ),
    ).rejects.toMatchObject({
      code: 'malformed',
    }));

  test('an account that is not configured, and a dataset that is not offered', async () => {
    replay(MOTO);
    await expect(
      collectAws('', '111111111111', 'iam-identities', {
        settings: { endpoint: undefined, accounts: [{ id: MOTO.account }] },
      }),
    ).rejects.toMatchObject({
      code: 'configuration',
    });
    await expect(collect(MOTO, 'iam-nothing')).rejects.toMatchObject({ code: 'configuration' });
  });
});

describe('between the report and the listing', () => {
  const unreported = (edit: (row: string) => string) => (operation: string, body: string) =>
    operation === 'GetCredentialReport'
      ? body.replace(/(?<=<Content>)[^<]+/, (content) =>
          Buffer.from(
            Buffer.from(content, 'base64')
              .toString()
              .replace(/^bero,.*\n/m, edit),
          ).toString('base64'),
        )
      : operation === 'GetAccountAuthorizationDetails'
        ? body.replace(/(<UserName>bero<\/UserName>.*?<CreateDate>)[^<]+/s, `$1${MOTO.recording.recordedAt}`)
        : body;

  test('a user made since has null where only the report could tell', async () => {
    replay(
      MOTO,
      unreported(() => ''),
    );
    const collected = await collect(MOTO, 'iam-identities');
    const bero = byName(collected, 'bero');
    expect(bero).toMatchObject({ can_sign_in: null, second_factor: true });
    expect(of(collected, bero?.id, 'credential')).toMatchObject([{ type: 'virtual_mfa' }]);
    expect(collected.told.notes.get('usersAfterReport')).toBe(1);
  });

  test('a row of an earlier user of the same name is not taken for the new one', async () => {
    replay(
      MOTO,
      unreported((row) => row),
    );
    expect(byName(await collect(MOTO, 'iam-identities'), 'bero')).toMatchObject({ can_sign_in: null });
  });
});

test('a signal that is aborted ends the collection', async () => {
  replay(MOTO);
  const signal = AbortSignal.abort();
  const now = () => Date.parse(MOTO.recording.recordedAt) / 1000;
  const collected = collectAws('', MOTO.account, 'iam-identities', {
    now,
    signal,
    settings: { endpoint: undefined },
  });
  await expect(collected).rejects.toMatchObject({ code: 'timeout' });
});
