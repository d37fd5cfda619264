import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStamper, type StampOptions } from '../../src/engine/stamp.ts';
import { openToken, parseAuthorities } from '../../src/evidence/timestamp/token.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { type Authority, generalized, startAuthority } from '../evidence/timestamp-authority.ts';
import { fixture, type Forgery, pem } from '../evidence/timestamp-forge.ts';
import { makeWorld, NOW, type World } from './world.ts';

const COLLECTOR = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

let world: World;
let said: Record<string, unknown>[];
let authorities: AsyncDisposableStack;

beforeEach(async () => {
  said = [];
  authorities = new AsyncDisposableStack();
  const logger = pino({ level: 'info' }, { write: (line: string) => void said.push(JSON.parse(line)) });
  world = await makeWorld({ manifests: { 'collector.yaml': COLLECTOR }, logger });
  await world.write('people.csv', 'id,email,last,asof\n1,a@test.example,,2026-06-01\n');
});

afterEach(async () => {
  await authorities.disposeAsync();
  await world[Symbol.asyncDispose]();
});

/** An authority on loopback, its clock that of the world. */
async function authority(forgery: Forgery = {}): Promise<Authority> {
  return authorities.use(await startAuthority(() => ({ genTime: generalized(world.now), ...forgery })));
}

async function configure(named: Readonly<Record<string, string>>, more = ''): Promise<void> {
  const list = Object.entries(named).map(([name, url]) => ({ name, url, ca: pem('root'), timeout: '1s' }));
  const timestamps =
    list.length === 0 ? '' : `, timestamps: ${JSON.stringify({ every: '10m', authorities: list })}`;
  await world.write(
    'agent.yaml',
    `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec: { organisation: Test, domain: test.example, data: ${JSON.stringify(join(world.directory, 'data'))}, commitWindow: 1s${timestamps}${more} }
`,
  );
}

const evidence = () => join(world.directory, 'data/evidence');

async function tokens(): Promise<string[]> {
  const files = await readdir(join(evidence(), 'log/checkpoints'));
  return files.filter((file) => file.endsWith('.tsr')).sort();
}

describe('a pass', () => {
  test('ends with a timestamp of each authority over the newest checkpoint, which verifies', async () => {
    await configure({
      one: (await authority()).url,
      two: (await authority({ signer: 'rsa', key: 'rsa' })).url,
    });
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
    const { size, note } = await opened.agent.view.checkpoint();
    expect(await tokens()).toEqual([`${size}.one.tsr`, `${size}.two.tsr`]);
    const file = join(evidence(), 'log/checkpoints', `${size}.one.tsr`);
    const info = await openToken(await readFile(file), Buffer.from(note), parseAuthorities(pem('root')));
    expect(info.genTime).toBe(world.now);
    const { timestamps } = (await opened.agent.view.metrics())!;
    expect(timestamps).toEqual({ lastTokenAt: world.now, failures: { one: 0, two: 0 } });
  });

  test('keeps nothing of authorities that are down, slow or lying, counts each, and collects all the same', async () => {
    const [down, slow] = [await startAuthority(() => ({})), await authority()];
    await down[Symbol.asyncDispose]();
    slow.answer = () => {};
    await configure({
      good: (await authority()).url,
      down: down.url,
      slow: slow.url,
      nonce: (await authority({ nonce: Buffer.of(7) })).url,
      eku: (await authority({ signer: 'eku-wrong' })).url,
      expired: (await authority({ signer: 'expired' })).url,
      early: (await authority({ genTime: generalized(NOW - 301) })).url,
      ahead: (await authority({ genTime: generalized(NOW + 301) })).url,
    });
    await using opened = await world.open();
    await opened.agent.open();
    const [run] = await opened.agent.collectOnce();
    expect(run?.results.map(({ failure }) => failure)).toEqual([null]);
    expect((await tokens()).map((file) => file.split('.')[1])).toEqual(['good']);
    const { failures } = (await opened.agent.view.metrics())!.timestamps;
    expect(failures).toEqual({ good: 0, down: 1, slow: 1, nonce: 1, eku: 1, expired: 1, early: 1, ahead: 1 });
    const reasons = said.filter(({ event }) => event === 'timestamp_failed');
    expect(Object.fromEntries(reasons.map((line) => [line['authority'], line['reason']]))).toEqual({
      down: 'io',
      slow: 'io',
      nonce: 'corrupt',
      eku: 'corrupt',
      expired: 'corrupt',
      early: 'clock',
      ahead: 'clock',
    });
    const details = reasons.map(({ detail }) => detail);
    expect(details).toContain('its clock is 301 s behind ours');
    expect(details).toContain('its clock is 301 s ahead of ours');
    await opened[Symbol.asyncDispose]();
    expect((await verifyDirectory(evidence())).problems).toEqual([]);
  });

  test('accepts a clock that differs by 300 s, and no token much older than one of another authority', async () => {
    await configure({ ahead: (await authority({ genTime: generalized(NOW + 300) })).url });
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
    expect(await tokens()).toHaveLength(1);
    await configure({ behind: (await authority({ genTime: generalized(NOW - 1) })).url });
    await opened.agent.reload(await world.config());
    await opened.agent.collectOnce();
    expect(await tokens()).toHaveLength(1);
    expect(said.findLast(({ event }) => event === 'timestamp_failed')).toMatchObject({
      authority: 'behind',
      detail: 'its token is 301 s older than one that was kept before',
    });
  });

  test('anchors what comes after it', async () => {
    await configure({ one: (await authority()).url });
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
    const { size } = await opened.agent.view.checkpoint();
    await opened.agent.collectOnce();
    const entry = await opened.stores.log.entry(size);
    expect(entry.anchor).toMatchObject({ size, tokens: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
  });
});

describe('a configuration', () => {
  test('names the certificates of its authorities among its subjects, where the store keeps them', async () => {
    await configure({ one: (await authority()).url, two: (await authority()).url });
    await using opened = await world.open();
    await opened.agent.open();
    const sealed = await Array.fromAsync(opened.stores.log.entries());
    const config = sealed.find(({ predicate }) => predicate === 'config');
    const subjects = config?.subjects.filter(({ name }) => name.startsWith('tsa/')) ?? [];
    expect(subjects).toHaveLength(1);
    expect(await readFile(join(evidence(), subjects[0]?.name ?? ''), 'utf8')).toBe(pem('root'));
    expect(sealed[0]?.fields['authorities']).toMatchObject([{ name: 'one' }, { name: 'two' }]);
  });

  test('takes effect without a restart: others are asked, counted and told of', async () => {
    const [one, two] = [await authority(), await authority()];
    await configure({});
    await using opened = await world.open();
    await opened.agent.open();
    await opened.agent.collectOnce();
    expect(await tokens()).toEqual([]);
    expect((await opened.agent.view.metrics())!.timestamps).toEqual({ lastTokenAt: null, failures: {} });
    await configure({ one: one.url });
    await opened.agent.reload(await world.config());
    await opened.agent.collectOnce();
    await configure({ two: two.url });
    await opened.agent.reload(await world.config());
    await opened.agent.collectOnce();
    expect([one.queries.length, two.queries.length]).toEqual([1, 1]);
    const { failures } = (await opened.agent.view.metrics())!.timestamps;
    expect(failures).toEqual({ two: 0 });
  });
});

describe('a running agent', () => {
  test('has its first checkpoints timestamped, and is not held up by an authority that never answers', async () => {
    const [good, silent] = [await authority(), await authority()];
    const asked = Promise.withResolvers<void>();
    silent.answer = () => asked.resolve();
    await configure({ good: good.url, silent: silent.url }, ', shutdownGrace: 30s');
    world.now = Math.floor(Date.now() / 1000);
    await world.write('people.csv', 'id,email,last,asof\n1,a@test.example,,2026-06-01\n');
    const opened = await world.open();
    await opened.agent.open();
    opened.agent.start();
    await asked.promise;
    await opened.agent.settled();
    await opened[Symbol.asyncDispose]();
    expect(good.queries).toHaveLength(1);
    expect(said.filter(({ event }) => event === 'timestamp_failed')).toEqual([]);
  });

  test('knows after a restart when it was timestamped last', async () => {
    await configure({ one: (await authority()).url });
    await using first = await world.open();
    await first.agent.open();
    await first.agent.collectOnce();
    await first[Symbol.asyncDispose]();
    const stampedAt = world.now;
    world.now += 3600;
    await using second = await world.open();
    await second.agent.open();
    const { timestamps } = (await second.agent.view.metrics())!;
    expect(timestamps).toEqual({ lastTokenAt: stampedAt, failures: { one: 0 } });
  });
});

describe('the cadence', () => {
  const spec = (...names: readonly string[]) => ({
    every: 600,
    authorities: names.map((name) => ({ name, url: 'http://127.0.0.1:1/', ca: pem('root'), timeout: 1 })),
  });
  const info = { accuracy: 0, policy: '1.2', serial: '01', signer: 'x' };
  const signal = new AbortController().signal;

  function stamper(request: NonNullable<StampOptions['request']>) {
    const clock = { now: 1000, size: 1, kept: 0 };
    const log: StampOptions['log'] = {
      checkpoint: () => ({ origin: 'o', size: clock.size, root: '', note: `size ${clock.size}` }),
      addToken: async () => void (clock.kept += 1),
      stamped: async () => undefined,
    };
    const made = createStamper({ log, logger: pino({ level: 'silent' }), now: () => clock.now, request });
    return { clock, made };
  }

  test('is kept from token to token, and nobody is asked twice about the same checkpoint', async () => {
    const asked: string[] = [];
    const { clock, made } = stamper(async ({ name }, data) => {
      asked.push(`${name} ${Buffer.from(data).toString()}`);
      return { response: Buffer.of(), info: { ...info, genTime: clock.now } };
    });
    expect(made.nextAt()).toBe(Infinity);
    await made.configure(spec('one', 'two'));
    expect(made.nextAt()).toBe(1000);
    await made.stamp(signal);
    await made.stamp(signal);
    expect(made.nextAt()).toBe(1600);
    clock.now = 1600;
    await made.stamp(signal);
    expect(made.nextAt()).toBe(2200);
    [clock.now, clock.size] = [2200, 2];
    await made.stamp(signal);
    expect(asked).toEqual(['one size 1', 'two size 1', 'one size 2', 'two size 2']);
    expect(clock.kept).toBe(4);
  });

  test('goes on from the tokens that are kept: what they cover is not asked about again', async () => {
    const asked: string[] = [];
    const note = fixture('data.txt').toString();
    const tokens = [{ authority: 'one', response: fixture('openssl-rsa.tsr') }];
    const made = createStamper({
      log: {
        checkpoint: () => ({ origin: 'o', size: 7, root: '', note }),
        addToken: async () => {},
        stamped: async () => ({ size: 7, note, tokens }),
      },
      logger: pino({ level: 'silent' }),
      now: () => NOW,
      request: async ({ name }) => {
        asked.push(name);
        return { response: Buffer.of(), info: { ...info, genTime: NOW } };
      },
    });
    await made.configure(spec('one', 'two'));
    expect(made.metrics().lastTokenAt).toBe(Date.parse('2026-03-04T05:06:07Z') / 1000);
    await made.stamp(signal);
    expect(asked).toEqual(['two']);
  });

  test('gives way to further tries after a failure, each later than the one before, none later than it', async () => {
    let fails = true;
    const { clock, made } = stamper(async () => {
      if (fails) throw new Error('down');
      return { response: Buffer.of(), info: { ...info, genTime: clock.now } };
    });
    await made.configure(spec('one'));
    const waits: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      await made.stamp(signal);
      waits.push(made.nextAt() - clock.now);
      clock.now = made.nextAt();
    }
    expect(waits).toEqual([60, 120, 240, 480, 600, 600]);
    expect(made.metrics()).toEqual({ lastTokenAt: null, failures: { one: 6 } });
    fails = false;
    await made.stamp(signal);
    expect(made.nextAt() - clock.now).toBe(600);
    expect(made.metrics()).toEqual({ lastTokenAt: clock.now, failures: { one: 6 } });
  });

  test('goes on through a reload that leaves an authority as it was', async () => {
    const { made } = stamper(async () => Promise.reject(new Error('down')));
    await made.configure(spec('one'));
    await made.stamp(signal);
    await made.configure(spec('one', 'two'));
    expect(made.nextAt()).toBe(1000);
    await made.stamp(signal);
    expect(made.metrics().failures).toEqual({ one: 1, two: 1 });
  });

  test('does not count what stopping cut short', async () => {
    const stop = new AbortController();
    const { made } = stamper(async () => {
      stop.abort();
      throw new Error('aborted');
    });
    await made.configure(spec('one'));
    await made.stamp(stop.signal);
    expect(made.metrics().failures).toEqual({ one: 0 });
  });
});
