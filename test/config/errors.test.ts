import { describe, expect, test } from 'vitest';
import { ConfigError, issueText } from '../../src/config/error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { agent, check, directory, issuesOf, load, manifest, options } from './harness.ts';

const collector = (spec: string) => manifest('Collector', 'people', spec);
const agentWith = (fields: string) => agent.replace('acme.example', `acme.example, ${fields}`);
const exceptionSpec =
  'check: people-active, records: { all: true }, reason: x, risk: r, approver: a, approvedAt: 2026-01-01, expires: 2027-01-01';
const exception = (from: string, to: string) =>
  manifest('Exception', 'e', `{ ${exceptionSpec.replace(from, to)} }`);
const soa = (entries: string) =>
  manifest(
    'StatementOfApplicability',
    's',
    `{ version: "1", approver: a, approvedAt: 2026-01-01, controls: [${entries}] }`,
  );
const attestation = (aspect: string) =>
  manifest(
    'Attestation',
    't',
    `{ aspects: [${aspect}], statement: s, by: b, at: 2026-01-01, expires: 2027-01-01 }`,
  );
const inlineSecret = 'a secret by name, never inline: { env: NAME } or { file: path }';
const accessKey = ['AKIA', 'ABCDEFGHIJKLMNOP'].join('');

describe('one error', () => {
  test.each([
    // What: file, path, found, expected (each a part of it).
    [
      'an unknown apiVersion',
      exception('', '').replace('v1alpha1', 'v1'),
      'apiVersion',
      '"annexa.dev/v1"',
      'annexa.dev/v1alpha1',
    ],
    [
      'no apiVersion',
      'kind: Exception\nmetadata: { name: e }\nspec: {}',
      'apiVersion',
      'nothing',
      'annexa.dev/v1alpha1',
    ],
    ['an unknown kind', manifest('Colector', 'c', '{}'), 'kind', '"Colector"', 'did you mean Collector?'],
    ['no kind', 'apiVersion: annexa.dev/v1alpha1', 'kind', 'nothing', 'Agent, Scope, Collector'],
    [
      'an unknown field',
      exception('reason:', 'reson: y, reason:'),
      'spec.reson',
      'an unknown field',
      'did you mean reason?',
    ],
    [
      'an unknown field far from any',
      exception('reason:', 'zzzzzz: y, reason:'),
      'spec.zzzzzz',
      'an unknown field',
      'approver',
    ],
    [
      'an unknown field of metadata',
      exception('', '').replace('{ name: e }', '{ name: e, lables: {} }'),
      'metadata.lables',
      'an unknown field',
      'name',
    ],
    ['a wrong type', exception('reason: x', 'reason: [x]'), 'spec.reason', 'a list', 'a string'],
    [
      'a name with capitals',
      exception('', '').replace('name: e', 'name: E'),
      'metadata.name',
      '"E"',
      'lower-case',
    ],
    ['no name', exception('', '').replace('{ name: e }', '{}'), 'metadata.name', 'nothing', 'a string'],
    [
      'a bad cron',
      collector('{ plugin: fake, datasets: { people: { schedule: "0 25 * * *" } } }'),
      'spec.datasets.people.schedule',
      '"0 25 * * *"',
      'cron',
    ],
    [
      'a cron that never fires',
      collector('{ plugin: fake, datasets: { people: { schedule: "0 0 30 2 *" } } }'),
      'spec.datasets.people.schedule',
      '"0 0 30 2 *"',
      'fires again',
    ],
    [
      'a bad every',
      collector('{ plugin: fake, datasets: { people: { schedule: every 4 h } } }'),
      'spec.datasets.people.schedule',
      '"every 4 h"',
      '"every 4h"',
    ],
    [
      'a bad duration',
      collector('{ plugin: fake, datasets: { people: { freshness: 90 days } } }'),
      'spec.datasets.people.freshness',
      '"90 days"',
      'a duration such as',
    ],
    [
      'a duration that is a number',
      collector('{ plugin: fake, datasets: { people: { deadline: 90 } } }'),
      'spec.datasets.people.deadline',
      '90',
      'a string',
    ],
    [
      'a share above one',
      collector('{ plugin: fake, datasets: { people: { maxShrink: 10 } } }'),
      'spec.datasets.people.maxShrink',
      '10',
      '<=1',
    ],
    ['an unknown plugin', collector('{ plugin: fak }'), 'spec.plugin', '"fak"', 'did you mean fake?'],
    ['no plugin', collector('{}'), 'spec.plugin', 'nothing', 'a string'],
    [
      'an unknown dataset',
      collector('{ plugin: fake, datasets: { peple: {} } }'),
      'spec.datasets.peple',
      'an unknown dataset',
      'did you mean people?',
    ],
    [
      'an unknown dataset alone',
      collector('{ plugin: fake, only: [people, bages] }'),
      'spec.only[1]',
      'an unknown dataset',
      'did you mean badges?',
    ],
    [
      'a dataset alone whose setting is not there',
      collector('{ plugin: fake, only: [visits] }'),
      'spec.only[0]',
      'no settings.gate',
      'what visits needs',
    ],
    [
      'a dataset alone that is disabled',
      collector('{ plugin: fake, only: [people], datasets: { people: { enabled: false } } }'),
      'spec.only[0]',
      'a dataset that is disabled below',
      'one or the other',
    ],
    [
      'no dataset left',
      collector('{ plugin: fake, datasets: { people: { enabled: false }, badges: { enabled: false } } }'),
      'spec.datasets',
      'every dataset disabled',
      'one enabled',
    ],
    [
      'an unknown setting',
      collector('{ plugin: fake, settings: { acounts: [] } }'),
      'spec.settings.acounts',
      'an unknown field',
      'did you mean accounts?',
    ],
    [
      'an unknown setting in a list',
      collector('{ plugin: fake, settings: { accounts: [{ id: "1", iid: 2 }] } }'),
      'spec.settings.accounts[0].iid',
      'an unknown field',
      'did you mean id?',
    ],
    [
      'a number where the plugin wants text',
      collector('{ plugin: fake, settings: { accounts: [{ id: 012 }] } }'),
      'spec.settings.accounts[0].id',
      '12',
      'a string',
    ],
    [
      'a secret given inline',
      collector('{ plugin: fake, settings: { token: hunter2 } }'),
      'spec.settings.token',
      'not shown',
      inlineSecret,
    ],
    [
      'a key given inline',
      agentWith('keys: { envelope: abc, checkpoint: { env: A }, body: { env: B } }'),
      'spec.keys.envelope',
      'not shown',
      inlineSecret,
    ],
    [
      'a secret named wrongly',
      collector('{ plugin: fake, settings: { token: { vault: a } } }'),
      'spec.settings.token',
      'a mapping',
      inlineSecret,
    ],
    [
      'what looks like an access key',
      exception('reason: x', `reason: uses ${accessKey}`),
      'spec.reason',
      'an AWS access key id (not shown)',
      'never inline',
    ],
    [
      'what looks like a token',
      exception('risk: r', `risk: ghp_${'a1'.repeat(18)}`),
      'spec.risk',
      'a GitHub token (not shown)',
      'never inline',
    ],
    [
      'what looks like a private key',
      exception('risk: r', 'risk: "-----BEGIN EC PRIVATE KEY-----"'),
      'spec.risk',
      'a private key (not shown)',
      'never inline',
    ],
    [
      'a control that is not there',
      soa('{ control: A.5.38, applicable: true, justification: j, implementation: planned }'),
      'spec.controls[0].control',
      '"A.5.38"',
      'a control of Annex A',
    ],
    [
      'a control of no form of ours that has no title',
      soa('{ control: ACME-1, applicable: false, justification: j }'),
      'spec.controls[0].control',
      '"ACME-1"',
      'your own with a title',
    ],
    [
      'a made-up control of Annex A with a title',
      soa('{ control: A.9.1, title: t, applicable: false, justification: j }'),
      'spec.controls[0].control',
      '"A.9.1"',
      'a control of Annex A',
    ],
    [
      'a control listed twice',
      soa(
        '{ control: A.5.1, applicable: false, justification: j }, { control: A.5.1, applicable: false, justification: j }',
      ),
      'spec.controls[1]',
      'a mapping',
      'A.5.1 is listed twice',
    ],
    [
      'an exclusion with an implementation',
      soa('{ control: A.5.1, applicable: false, justification: j, implementation: planned }'),
      'spec.controls[0].implementation',
      'an unknown field',
      'a field that exists',
    ],
    [
      'an applicability that is neither',
      soa('{ control: A.5.1, applicable: perhaps, justification: j }'),
      'spec.controls[0].applicable',
      '"perhaps"',
      'true or false',
    ],
    [
      'an aspect that is not there',
      attestation('A.5.18/removel'),
      'spec.aspects[0]',
      '"A.5.18/removel"',
      'did you mean A.5.18/removal?',
    ],
    [
      'an aspect of no control',
      attestation('A.5.99/x'),
      'spec.aspects[0]',
      '"A.5.99/x"',
      'an aspect of the catalogue',
    ],
    [
      'an aspect of a check that is not there',
      JSON.stringify({ ...check, spec: { ...check.spec, aspects: ['A.8.5/nope'] } }),
      'spec.aspects[0]',
      '"A.8.5/nope"',
      'A.8.5/second-factor',
    ],
    [
      'an exception from an unknown check',
      exception('people-active', 'people-activ'),
      'spec.check',
      '"people-activ"',
      'did you mean people-active?',
    ],
    [
      'an exception without an approver',
      exception('approver: a, ', ''),
      'spec.approver',
      'nothing',
      'a string',
    ],
    [
      'an exception with a blank approver',
      exception('approver: a', 'approver: " "'),
      'spec.approver',
      '" "',
      'text',
    ],
    [
      'an exception without expiry',
      exception(', expires: 2027-01-01', ''),
      'spec.expires',
      'nothing',
      'a date',
    ],
    [
      'an exception that expires before its approval',
      exception('2027-01-01', '2025-01-01'),
      'spec.expires',
      '"2025-01-01"',
      'after approvedAt',
    ],
    [
      'an exception from everything unsaid',
      exception('records: { all: true }', 'records: all'),
      'spec.records',
      '"all"',
      'a list of record ids',
    ],
    [
      'a date without a day',
      exception('2027-01-01', '2027-01'),
      'spec.expires',
      '"2027-01"',
      'a date such as',
    ],
    [
      'a source of an unknown collector',
      manifest(
        'Scope',
        's',
        '{ statement: s, entities: [e], sites: [], services: [], sources: [{ collector: aws, scopes: [a] }] }',
      ),
      'spec.sources[0].collector',
      '"aws"',
      'a collector that exists',
    ],
    [
      'an approval without a date',
      manifest('Exception', 'e', `{ ${exceptionSpec} }`, '{ annexa.dev/approved-by: b }'),
      'metadata.annotations["annexa.dev/approved-at"]',
      'nothing',
      'when it was approved',
    ],
    [
      'an approval by nobody',
      manifest('Exception', 'e', `{ ${exceptionSpec} }`, '{ annexa.dev/approved-at: 2026-01-01 }'),
      'metadata.annotations["annexa.dev/approved-by"]',
      'nothing',
      'who approved',
    ],
    [
      'an approval from the future',
      manifest(
        'Exception',
        'e',
        `{ ${exceptionSpec} }`,
        '{ annexa.dev/approved-by: b, annexa.dev/approved-at: 2026-11-21 }',
      ),
      'metadata.annotations["annexa.dev/approved-at"]',
      '"2026-11-21"',
      'not in the future',
    ],
    [
      'a second name within a kind',
      `${exception('', '')}---\n${exception('', '')}`,
      'metadata.name',
      '"e"',
      'no other Exception has: a.yaml (document 1)',
    ],
    ['a second Agent', agent, 'kind', 'a second Agent', 'one: the other is in'],
    ['a duplicate key', 'a: 1\na: 2', '', 'Map keys must be unique', 'YAML 1.2'],
    ['an unknown tag', 'a: !secret x', '', 'Unresolved tag', 'YAML 1.2'],
    ['an alias', 'a: &x [1]\nb: *x', '', 'an alias of an anchor', 'written out'],
    ['another YAML', '%YAML 1.1\n---\na: yes', '', 'YAML 1.1', 'YAML 1.2'],
    ['a list', '- a', '', 'a list', 'a mapping'],
    ['a broken text', 'a: [', '', '', 'YAML 1.2'],
  ])('%s', async (_what, text, path, found, expected) => {
    const issues = await issuesOf({ 'a.yaml': text });
    const issue = issues.find((candidate) => candidate.path === path && candidate.found.includes(found));
    expect(issue, issues.map(issueText).join('\n')).toMatchObject({
      file: expect.stringMatching(/^a(?:nnexa)?\.yaml$/),
      line: expect.any(Number),
      expected: expect.stringContaining(expected),
    });
  });

  test.each([
    ['ANNEXA_LISTEN', '8080', 'host:port'],
    ['ANNEXA_LISTEN', 'localhost:99999', 'host:port'],
    ['ANNEXA_LOG_LEVEL', 'loud', 'trace, debug'],
  ])('of the environment: %s=%s', async (name, value, expected) => {
    const issues = await issuesOf({}, { env: { [name]: value } });
    expect(issues).toMatchObject([{ file: 'environment', path: name, found: JSON.stringify(value) }]);
    expect(issues[0]?.expected).toContain(expected);
  });

  test('bytes that are not UTF-8', async () => {
    const issues = await issuesOf({ 'a.yaml': Buffer.from([0x61, 0x3a, 0xff]) });
    expect(issues).toMatchObject([{ file: 'a.yaml', document: 0, found: 'bytes that are not UTF-8' }]);
  });

  test('nesting without end', async () => {
    const [issue] = await issuesOf({ 'a.yaml': '['.repeat(100_000) });
    expect(issue).toMatchObject({ file: 'a.yaml', expected: 'YAML 1.2' });
  });

  test.each(['{ a: .nan }', '{ a: 9007199254740993 }', '{ a: "\\ud800" }', '{ __proto__: { a: 1 } }'])(
    'a value that JSON cannot hold: %s',
    async (text) => {
      const issues = await issuesOf({ 'a.yaml': text });
      expect(issues.map(({ expected }) => expected).join()).toMatch(
        /JSON holds|UTF-8 can write|another name/,
      );
    },
  );

  test('no Agent', async () => {
    await using made = await directory({ 'a.txt': agent });
    await expect(loadConfig(made.path, options)).rejects.toMatchObject({
      code: 'invalid',
      issues: [{ file: '.', found: 'no Agent' }],
    });
  });

  test('no directory', async () => {
    await expect(loadConfig('/nowhere/at/all', options)).rejects.toBeInstanceOf(ConfigError);
  });
});

test('everything that is wrong is told at once, by file, document and line', async () => {
  await using made = await directory({
    'annexa.yaml': agentWith('listn: x'),
    'b.yaml': `${exception('approver: a, ', '')}---\n${exception('reason: x', `reason: ${accessKey}`)}---\na: 1\na: 2\n`,
    'c/d.yml': collector('{ plugin: fake, datasets: { nope: {} }, settings: { token: abc } }'),
    'e.yaml': attestation('A.1.1/x').replace('by: b, ', ''),
  });
  const failure = await loadConfig(made.path, { ...options, env: { ANNEXA_LOG_LEVEL: 'x' } }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ConfigError);
  const lines = failure instanceof ConfigError ? failure.message.split('\n').slice(1) : [];
  expect(lines.map((line) => line.trim().replace(/ found .*/, ''))).toEqual([
    'annexa.yaml:4:51 (document 1) spec.listn:',
    'b.yaml:4:1 (document 1) spec.approver:',
    'b.yaml:8:13 (document 2) metadata.name:',
    'b.yaml:9:55 (document 2) spec.reason:',
    'b.yaml:12:1 (document 3)',
    'c/d.yml:4:35 (document 1) spec.datasets.nope:',
    'c/d.yml:4:59 (document 1) spec.settings.token:',
    'e.yaml:4:1 (document 1) spec.by:',
    'e.yaml:4:19 (document 1) spec.aspects[0]:',
    'environment ANNEXA_LOG_LEVEL:',
  ]);
});

test('a secret is never shown, wherever the error is', async () => {
  const key = ['-----BEGIN', 'PRIVATE KEY-----'].join(' ');
  const files = {
    'a.yaml': collector('{ plugin: fake, settings: { token: hunter2, passwordHint: hunter2 } }'),
    'b.yaml': agentWith(
      `keys: { envelope: hunter2, checkpoint: 2222222, body: { file: [hunter2] } }, logLevel: ${accessKey}`,
    ),
    'c.yaml': exception('risk: r', `risk: "${key}"`),
  };
  await expect(load(files)).rejects.not.toThrow(/hunter2|2222222|AKIA|BEGIN/);
});

test("AWS's documented sample keys are no secrets", async () => {
  const sample = ['AKIA', 'IOSFODNN7EXAMPLE'].join('');
  await expect(load({ 'a.yaml': exception('risk: r', `risk: ${sample}`) })).resolves.toBeDefined();
});
