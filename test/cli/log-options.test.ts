import { pino } from 'pino';
import { expect, test } from 'vitest';
import { logOptions } from '../../src/cli/log-options.ts';
import type { Config } from '../../src/config/contract.ts';

const agent: Config['agent'] = {
  organisation: 'Test',
  domain: 'test.example',
  data: 'data',
  listen: '127.0.0.1:0',
  logLevel: 'trace',
  witnesses: [],
  concurrency: 1,
  evaluateEvery: 900,
  commitWindow: 5,
  shutdownGrace: 30,
  bundles: { keep: 604_800, memory: 512 },
};
const manifest = { spec: { settings: { accounts: [{ credentials: { secretKey: { env: 'PLAIN' } } }] } } };
const documents = [
  { id: 'Collector/a', kind: 'Collector', name: 'a', file: 'a.yaml', manifest, approval: null },
];

const env = {
  PLAIN: 'correct horse "battery" staple',
  GITHUB_TOKEN: 'ghp_0123456789abcdef',
  ANNEXA_CONFIG: '/etc/annexa',
  SHORT_TOKEN: 'test',
};

/** What is written of one call. */
function lineOf(log: (logger: pino.Logger) => void): string {
  const lines: string[] = [];
  log(pino(logOptions({ agent, documents }, env), { write: (line: string) => void lines.push(line) }));
  return lines.join('');
}

test('a secret is masked wherever it stands: in a field, in a message, in an error, in its cause', () => {
  const cause = new Error(`basic auth ${env.PLAIN} refused`);
  const line = lineOf((logger) => {
    const err = new Error(`GET https://x:${env.GITHUB_TOKEN}@example.com failed`, { cause });
    logger.error({ event: 'x', err, header: [`Bearer ${env.GITHUB_TOKEN}`] }, `with ${env.PLAIN}`);
  });
  expect(line).not.toContain('horse');
  expect(line).not.toContain('ghp_0123');
  expect(line.match(/\[secret\]/g)?.length).toBeGreaterThanOrEqual(4);
  expect(JSON.parse(line)).toMatchObject({ err: { cause: { message: 'basic auth [secret] refused' } } });
});

test('of an error only what says what went wrong is told', () => {
  const error = Object.assign(new TypeError('refused'), {
    code: 'ECONNREFUSED',
    request: { headers: { authorization: 'Basic c2VjcmV0' } },
    response: { data: 'alva.ashgrove@acme.example' },
  });
  const line = lineOf((logger) => logger.error({ event: 'x', err: error }, 'failed'));
  expect(Object.keys(JSON.parse(line).err)).toEqual(['type', 'code', 'message', 'stack']);
  expect(line).not.toContain('c2VjcmV0');
  expect(line).not.toContain('alva');
});

test('what is no secret stays: paths, and values too short to be told from words', () => {
  const line = lineOf((logger) => logger.info({ event: 'x' }, 'read /etc/annexa in a test'));
  expect(JSON.parse(line).msg).toBe('read /etc/annexa in a test');
});

test('a cause that is its own cause ends', () => {
  const error = new Error('round');
  error.cause = error;
  expect(lineOf((logger) => logger.error({ event: 'x', err: error }, 'failed')).length).toBeLessThan(20_000);
});
