import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { holds } from '../../../src/server/access/contract.ts';
import { resolveListen } from '../../../src/server/loopback.ts';
import { useAccess } from '../../../src/server/server.ts';
import { problemIn, send, serve } from '../harness.ts';
import { bearer, guarded, NOW, oneEach, roles, tokenEntry, tokenOf } from './guarded.ts';

/** What each operation needs: a route that is added, or that needs less than before, shows here. */
const expected = {
  'get /livez': 'open',
  'get /readyz': 'open',
  'get /metrics': 'viewer',
  'get /openapi.json': 'viewer',
  'get /api/v1/controls': 'viewer',
  'get /api/v1/controls/{id}': 'viewer',
  'get /api/v1/soa': 'viewer',
  'get /api/v1/scope': 'viewer',
  'get /api/v1/checks': 'viewer',
  'get /api/v1/checks/{name}': 'viewer',
  'get /api/v1/deviations': 'viewer',
  'get /api/v1/exceptions': 'viewer',
  'get /api/v1/attestations': 'viewer',
  'get /api/v1/attestations/{name}': 'viewer',
  'post /api/v1/attestations': 'isms',
  'post /api/v1/attestations/{name}/withdrawal': 'isms',
  'get /api/v1/collectors': 'viewer',
  'post /api/v1/collectors/{name}/runs': 'operator',
  'get /api/v1/runs': 'viewer',
  'get /api/v1/runs/{id}': 'viewer',
  'get /api/v1/evidence': 'auditor',
  'get /api/v1/evidence/{index}': 'auditor',
  'get /api/v1/checkpoint': 'viewer',
  'post /api/v1/bundles': 'auditor',
  'get /api/v1/bundles': 'viewer',
  'get /api/v1/bundles/{id}': 'auditor',
  'get /api/v1/bundles/{id}/content': 'auditor',
  'delete /api/v1/bundles/{id}': 'auditor',
  'post /api/v1/links': 'isms',
  'get /api/v1/links': 'isms',
  'delete /api/v1/links/{id}': 'isms',
} as const;

const sealed = [
  'post /api/v1/attestations',
  'post /api/v1/attestations/{name}/withdrawal',
  'post /api/v1/collectors/{name}/runs',
  'get /api/v1/evidence',
  'get /api/v1/evidence/{index}',
  'post /api/v1/bundles',
  'delete /api/v1/bundles/{id}',
  'get /api/v1/bundles/{id}/content',
  'post /api/v1/links',
  'delete /api/v1/links/{id}',
];
/** What a link opens in place of a token. */
const linked = ['get /api/v1/bundles/{id}/content'];

const operation = z.looseObject({
  security: z.array(z.record(z.string(), z.array(z.string()))),
  'x-annexa-role': z.enum(['open', ...roles]),
});
const document = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ securitySchemes: z.looseObject({ bearer: z.looseObject({}) }) }),
});

interface Row {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly role: z.infer<typeof operation>['x-annexa-role'];
  readonly security: z.infer<typeof operation>['security'];
}

/** As the server itself tells its routes, HEAD beside every GET. */
async function table(): Promise<Row[]> {
  const server = await serve();
  const { paths } = document.parse(JSON.parse((await send(server, '/openapi.json')).text));
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security, 'x-annexa-role': role }]) => {
      const name = `${method} ${path}`;
      return { name, method: method.toUpperCase(), path: path.replaceAll(/\{\w+\}/g, '1'), role, security };
    }),
  );
}

/** Every method that a row has. */
const methods = ({ method }: Row) => (method === 'GET' ? ['GET', 'HEAD'] : [method]);

describe('roles and operations', () => {
  test('every operation says which role it needs, and the description says so too', async () => {
    const rows = await table();
    expect(Object.fromEntries(rows.map(({ name, role }) => [name, role]))).toEqual(expected);
    for (const { name, role, security } of rows)
      expect(security, name).toEqual(
        role === 'open' ? [] : [{ bearer: [] }, ...(linked.includes(name) ? [{ link: [] }] : [])],
      );
  });

  test('each operation answers whom it is for and nobody else; only what gives evidence is recorded, and no denial', async () => {
    const rows = await table();
    const { server, recorded } = await guarded({ tokens: oneEach });
    const wrong: string[] = [];
    for (const row of rows) {
      for (const method of methods(row)) {
        for (const role of ['nobody', ...roles] as const) {
          const options = role === 'nobody' ? {} : bearer(tokenOf(role.charAt(0)));
          const { status } = await send(server, row.path, { ...options, method });
          const isLetIn = row.role === 'open' || (role !== 'nobody' && holds([role], row.role));
          const denied = role === 'nobody' ? 401 : 403;
          const fits = isLetIn ? ![401, 403, 429, 503].includes(status) : status === denied;
          if (!fits) wrong.push(`${method} ${row.path} as ${role}: ${status}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    const given = rows.filter(({ name }) => sealed.includes(name));
    // Of what was malformed, the route alone is told.
    const path = (subject: string) => subject.replaceAll(/:\w+/g, '1');
    expect(
      recorded.map(({ who, operation, subject }) => [who, operation.split(' ')[0], path(subject)]),
    ).toEqual(given.flatMap((row) => methods(row).map((method) => [`token:${row.role}`, method, row.path])));
  });

  test('no role includes another, and all include viewer', () => {
    for (const role of roles)
      for (const needed of roles)
        expect(holds([role], needed), `${role} for ${needed}`).toBe(role === needed || needed === 'viewer');
    expect(holds([], 'viewer')).toBe(false);
  });

  test('what has no route is told to everybody, and a method that a route lacks', async () => {
    const { server } = await guarded({ tokens: oneEach });
    expect(problemIn(await send(server, '/nothing')).status).toBe(404);
    expect(problemIn(await send(server, '/metrics', { method: 'DELETE' })).status).toBe(405);
  });
});

describe('a static token', () => {
  const auditor = tokenOf('a');

  test('that expires is refused from that second on', async () => {
    const state = await guarded({ tokens: [tokenEntry('kim', auditor, ['auditor'], NOW + 10)] });
    state.now = NOW + 9;
    expect((await send(state.server, '/metrics', bearer(auditor))).status).toBe(200);
    state.now = NOW + 10;
    const answer = await send(state.server, '/metrics', bearer(auditor));
    expect(problemIn(answer)).toMatchObject({ status: 401, detail: 'the bearer token has expired' });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="annexa", error="invalid_token"');
  });

  test('that left the configuration is refused at once', async () => {
    const state = await guarded({ tokens: [tokenEntry('kim', auditor, ['auditor'])] });
    expect((await send(state.server, '/metrics', bearer(auditor))).status).toBe(200);
    state.server.useAccess({ tokens: [tokenEntry('lee', tokenOf('b'), ['auditor'])] });
    expect((await send(state.server, '/metrics', bearer(auditor))).status).toBe(401);
  });

  test.for([
    ['another', bearer(tokenOf('z')).headers.authorization],
    ['its digest', `Bearer ${tokenEntry('kim', auditor, []).sha256}`],
    ['a part of it', `Bearer ${auditor.slice(0, -1)}`],
    ['it and more', `Bearer ${auditor}a`],
    ['it twice', `Bearer ${auditor} ${auditor}`],
    ['it without a scheme', auditor],
    ['it as a password', `Basic ${Buffer.from(`kim:${auditor}`).toString('base64')}`],
    ['an empty one', 'Bearer '],
    ['nothing', ''],
  ])('is not %s', async ([, authorization]) => {
    const { server } = await guarded({ tokens: [tokenEntry('kim', auditor, ['auditor'])] });
    const answer = await send(server, '/metrics', { headers: { authorization } });
    expect(problemIn(answer).status).toBe(401);
    expect(answer.text).not.toContain('annexa_');
  });

  test('in the query lets nobody in', async () => {
    const { server } = await guarded({ tokens: [tokenEntry('kim', auditor, ['auditor'])] });
    expect((await send(server, `/metrics?access_token=${auditor}`)).status).toBe(401);
  });

  test('is never logged nor recorded', async () => {
    const state = await guarded({ tokens: [tokenEntry('kim', auditor, ['auditor'])] });
    await send(state.server, '/api/v1/evidence?limit=1', bearer(auditor));
    await send(state.server, '/api/v1/evidence', bearer(tokenOf('q')));
    const said = JSON.stringify([state.logger.lines, state.recorded]);
    expect(said).not.toMatch(/annexa_[aq]/);
    expect(state.recorded).toMatchObject([
      {
        at: NOW,
        who: 'token:kim',
        roles: ['auditor'],
        operation: 'GET /api/v1/evidence',
        subject: '/api/v1/evidence?limit=1',
        status: 200,
        bytes: expect.any(Number),
      },
    ]);
  });
});

describe('before and after the configuration is in force', () => {
  test('nobody is let in while the agent starts, but probes are answered', async () => {
    const log = { admits: () => true, record: () => {}, unsealed: () => 0, flush: () => Promise.resolve() };
    const server = await serve(
      {},
      { guard: { configured: true, log, now: () => NOW, directory: '/', env: {} } },
    );
    const answer = await send(server, '/metrics', bearer(tokenOf('v')));
    expect(problemIn(answer).status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    expect((await send(server, '/livez')).status).toBe(200);
    expect(server.useAccess({ tokens: oneEach })).toBe(true);
    expect((await send(server, '/metrics', bearer(tokenOf('v')))).status).toBe(200);
  });

  test('a server that others reach does not become open to everybody', () => {
    const used: unknown[] = [];
    const gate = { use: (spec: unknown) => void used.push(spec) };
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1'])
      expect(useAccess(gate, undefined, host), host).toBe(false);
    expect(used).toEqual([]);
    expect(useAccess(gate, undefined, '127.0.0.1')).toBe(true);
    expect(useAccess(gate, { tokens: oneEach }, '0.0.0.0')).toBe(true);
    expect(used).toEqual([undefined, { tokens: oneEach }]);
  });

  test('only where access is configured may it listen where others reach it', async () => {
    expect(await resolveListen('0.0.0.0:1', true)).toEqual({ host: '0.0.0.0', port: 1 });
    await expect(resolveListen('0.0.0.0:1', false)).rejects.toMatchObject({
      code: 'not-loopback',
      message: expect.stringContaining('spec.access'),
    });
  });
});

describe('evidence', () => {
  test('is not given while access to it can not be recorded; status is', async () => {
    const state = await guarded({ tokens: oneEach });
    state.admits = false;
    const answer = await send(state.server, '/api/v1/evidence', bearer(tokenOf('a')));
    expect(problemIn(answer)).toMatchObject({ status: 503, detail: expect.stringContaining('recorded') });
    expect(answer.headers['retry-after']).toBe('60');
    expect((await send(state.server, '/api/v1/controls', bearer(tokenOf('a')))).status).toBe(200);
    expect(state.recorded).toEqual([]);
  });

  test('is recorded with the status that was sent, errors too, and a long query cut', async () => {
    const state = await guarded({ tokens: oneEach });
    await send(state.server, '/api/v1/evidence/99', bearer(tokenOf('a')));
    await send(state.server, `/api/v1/evidence?x=${'y'.repeat(5000)}`, bearer(tokenOf('a')));
    expect(state.recorded.map(({ status }) => status)).toEqual([404, 400]);
    expect(state.recorded[1]?.subject.length).toBeLessThan(2100);
  });
});

describe('too many requests', () => {
  test('of one caller are put off, and cost no other caller anything', async () => {
    const state = await guarded({ tokens: oneEach });
    const statuses: number[] = [];
    for (let at = 0; at < 505; at += 1)
      statuses.push((await send(state.server, '/api/v1/checkpoint', bearer(tokenOf('v')))).status);
    expect(statuses.slice(0, 500).every((status) => status === 200)).toBe(true);
    expect(statuses.slice(500)).toEqual([429, 429, 429, 429, 429]);
    const late = await send(state.server, '/metrics', bearer(tokenOf('v')));
    expect(problemIn(late).status).toBe(429);
    expect(late.headers['retry-after']).toBe('1');
    expect((await send(state.server, '/metrics', bearer(tokenOf('a')))).status).toBe(200);
    expect((await send(state.server, '/livez')).status).toBe(200);
    state.now += 1;
    expect((await send(state.server, '/metrics', bearer(tokenOf('v')))).status).toBe(200);
  });

  test('with tokens that are not taken are put off, and who is known from there is not', async () => {
    const state = await guarded({ tokens: oneEach });
    const statuses = new Map<number, number>();
    for (let at = 0; at < 210; at += 1) {
      const { status } = await send(state.server, '/metrics', bearer(`guess${at}`));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: 200, 429: 10 });
    expect((await send(state.server, '/metrics', bearer(tokenOf('v')))).status).toBe(200);
  });

  test('and every other denial are counted by reason', async () => {
    const state = await guarded({
      tokens: [...oneEach, tokenEntry('old', tokenOf('o'), ['viewer'], NOW - 1)].filter(
        ({ name }) => name !== 'operator',
      ),
    });
    const { server } = state;
    await send(server, '/metrics');
    await send(server, '/metrics', bearer('x'));
    await send(server, '/metrics', bearer(tokenOf('o')));
    await send(server, '/api/v1/evidence', bearer(tokenOf('v')));
    state.admits = false;
    await send(server, '/api/v1/evidence', bearer(tokenOf('a')));
    const { text } = await send(server, '/metrics', bearer(tokenOf('v')));
    const counted = [...text.matchAll(/^annexa_access_denied_total\{reason="(\w+)"\} (\d+)$/gm)].map(
      ([, reason, count]) => [reason, Number(count)],
    );
    expect(Object.fromEntries(counted)).toEqual({
      missing: 1,
      invalid: 1,
      expired: 1,
      role: 1,
      rate: 0,
      unavailable: 0,
      link: 0,
      spent: 0,
      unsealed: 1,
    });
    expect(text).toContain(`annexa_access_token_expiry_timestamp_seconds{token="old"} ${NOW - 1}\n`);
    expect(text).not.toContain('annexa_tls_certificate');
  });
});

describe('the Host header', () => {
  test('matters only where nobody has to show a token', async () => {
    const { server } = await guarded({ tokens: oneEach });
    const headers = { ...bearer(tokenOf('v')).headers, host: 'annexa.example' };
    expect((await send(server, '/metrics', { headers })).status).toBe(200);
    expect((await send(server, '/metrics', { headers: { host: 'localhost' } })).status).toBe(401);
  });
});
