import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { entry } from '../../src/server/schemas.ts';
import { job } from './fake-bundles.ts';
import { controls } from './fake-view.ts';
import { bearer, guarded, oneEach, tokenOf } from './access/guarded.ts';
import { problemIn, recordingLogger, send, serve } from './harness.ts';

const routes = [
  '/livez',
  '/readyz',
  '/api/v1/controls',
  '/api/v1/controls/A.5.18',
  '/api/v1/checks',
  '/api/v1/checks/leaver-access',
  '/api/v1/deviations',
  '/api/v1/collectors',
  '/api/v1/runs',
  '/api/v1/runs/aws-1795321980-0a1b',
  '/api/v1/evidence',
  '/api/v1/evidence/3',
  '/api/v1/exceptions',
  '/api/v1/attestations',
  '/api/v1/attestations/site-visit',
  '/api/v1/checkpoint',
  '/api/v1/soa',
  '/api/v1/scope',
  '/api/v1/bundles',
  `/api/v1/bundles/${job.id}`,
  '/api/v1/links',
];
/** What they give is no JSON. */
const others = ['/metrics', '/openapi.json', '/api/v1/bundles/*/content'];

const operation = z.looseObject({
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        in: z.string(),
        required: z.boolean().optional(),
        schema: z.looseObject({}),
      }),
    )
    .optional(),
  responses: z.record(
    z.string(),
    z.looseObject({
      $ref: z.string().optional(),
      content: z.record(z.string(), z.looseObject({ schema: z.record(z.string(), z.json()) })).default({}),
    }),
  ),
});

const document = z.looseObject({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({
    schemas: z.record(z.string(), z.json()),
    responses: z.record(z.string(), z.json()),
  }),
});

const controlPage = z.looseObject({
  items: z.array(z.looseObject({ id: z.string() })),
  next: z.string().nullable(),
});

/** A zod schema of one of the document's, its references included: answers are held against what is published. */
function published(openapi: z.output<typeof document>, schema: unknown) {
  const text = JSON.stringify({ allOf: [schema], $defs: openapi.components.schemas });
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
}

describe('the OpenAPI document', () => {
  test('describes every route, and every answer has the schema that it publishes', async () => {
    const server = await serve();
    const openapi = document.parse(JSON.parse((await send(server, '/openapi.json')).text));
    for (const path of routes) {
      const template = Object.keys(openapi.paths).find((one) =>
        new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
      );
      const get = openapi.paths[template ?? '']?.['get'];
      const schema = get?.responses['200']?.content?.['application/json']?.schema;
      expect(schema, path).toBeDefined();
      const answer = await send(server, path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers['content-type'], path).toBe('application/json; charset=utf-8');
      const parsed = published(openapi, schema).safeParse(JSON.parse(answer.text));
      expect(parsed.error?.issues ?? [], path).toEqual([]);
    }
    const readable = Object.entries(openapi.paths).filter(([, { get }]) => get !== undefined);
    const described = readable.map(([path]) => path.replaceAll(/\{\w+\}/g, '*'));
    const asked = routes.map((path) =>
      path.replace(/(controls|checks|runs|evidence|bundles|attestations)\/.+/, '$1/*'),
    );
    expect(described.sort()).toEqual([...asked, ...others].sort());
  });

  test('refuses an answer with a field too many or of another type', async () => {
    const server = await serve();
    const openapi = document.parse(JSON.parse((await send(server, '/openapi.json')).text));
    const schema = published(openapi, { $ref: '#/components/schemas/Control' });
    const control = JSON.parse((await send(server, '/api/v1/controls?limit=1')).text).items[0];
    expect(schema.safeParse(control).success).toBe(true);
    expect(schema.safeParse({ ...control, extra: 1 }).success).toBe(false);
    expect(schema.safeParse({ ...control, title: 1 }).success).toBe(false);
  });

  test('tells limits, cursors, filters and path parameters as they are on the wire', async () => {
    const server = await serve();
    const openapi = document.parse(JSON.parse((await send(server, '/openapi.json')).text));
    const parameters = openapi.paths['/api/v1/controls']?.['get']?.parameters ?? [];
    expect(parameters.map((one) => one.name)).toEqual(['limit', 'cursor', 'status', 'theme', 'owner']);
    expect(parameters.every((one) => one.in === 'query' && one.required !== true)).toBe(true);
    expect(parameters[0]?.schema).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 1000,
      default: 100,
    });
    expect(openapi.paths['/api/v1/evidence/{index}']?.['get']?.parameters).toMatchObject([
      { name: 'index', in: 'path', required: true, schema: { type: 'integer', minimum: 0 } },
    ]);
    expect(JSON.stringify(openapi)).not.toContain('readOnly');
    expect(Object.keys(openapi.components.schemas).sort()).toEqual([
      'Attestation',
      'AttestationDetail',
      'Check',
      'CheckDetail',
      'Checkpoint',
      'Collector',
      'Control',
      'ControlDetail',
      'Counts',
      'Deviation',
      'Entry',
      'EntryDetail',
      'Exception',
      'Problem',
      'Run',
      'Scope',
      'StatementOfApplicability',
    ]);
  });

  test('names each status that an operation may answer with, and what it says then', async () => {
    const server = await serve();
    const openapi = document.parse(JSON.parse((await send(server, '/openapi.json')).text));
    const statuses = (path: string, method = 'get') =>
      Object.keys(openapi.paths[path]?.[method]?.responses ?? {}).join(' ');
    expect(statuses('/livez')).toBe('200 304 400 403 408 431 500 503');
    expect(statuses('/metrics')).toBe('200 400 401 403 408 429 431 500 503');
    expect(statuses('/api/v1/scope')).toBe('200 304 400 401 403 404 408 429 431 500 503');
    expect(statuses('/api/v1/controls/{id}')).toBe('200 304 400 401 403 404 408 414 429 431 500 503');
    expect(statuses('/api/v1/collectors/{name}/runs', 'post')).toBe(
      '202 400 401 403 404 408 413 414 415 429 431 500 503',
    );
    const problems = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
    const refused = Object.values(openapi.paths)
      .flatMap((operations) => Object.values(operations))
      .flatMap(({ responses }) => Object.entries(responses))
      .filter(([status]) => Number(status) >= 400);
    for (const [status, { $ref, content }] of refused) {
      const shared = openapi.components.responses[$ref?.split('/').at(-1) ?? ''];
      expect(shared ?? { content }, status).toMatchObject({ content: problems });
    }
  });
});

describe('lists', () => {
  test('page by page they give every item once, in order', async () => {
    const server = await serve();
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { items, next } = controlPage.parse(
        JSON.parse((await send(server, `/api/v1/controls?limit=10${more}`)).text),
      );
      seen.push(...items.map((item) => item.id));
      sizes.push(items.length);
      cursor = next;
    }
    expect(sizes).toEqual([10, 10, 10, 7]);
    expect(seen).toEqual(controls.map((control) => control.id));
  });

  test('give 100 items unless a limit is set', async () => {
    const limits: number[] = [];
    const server = await serve({
      runs: ({ limit }) => {
        limits.push(limit);
        return Promise.resolve({ items: [], next: null });
      },
    });
    await send(server, '/api/v1/runs');
    await send(server, '/api/v1/runs?limit=1000');
    expect(limits).toEqual([100, 1000]);
  });

  test('pass their filters to the engine', async () => {
    const server = await serve();
    const found = JSON.parse((await send(server, '/api/v1/controls?status=ineffective&owner=')).text);
    expect(found.status).toBe(400);
    const one = JSON.parse((await send(server, '/api/v1/controls?status=ineffective')).text);
    expect(one.items.map((item: { id: string }) => item.id)).toEqual(['A.5.18']);
    const owned = JSON.parse((await send(server, '/api/v1/controls?owner=IT%20operations')).text);
    expect(owned.items).toHaveLength(19);
  });

  test('refuse a cursor that the engine did not give', async () => {
    const server = await serve();
    const answer = await send(server, '/api/v1/controls?cursor=nonsense');
    expect(problemIn(answer)).toMatchObject({ status: 400, errors: [{ in: 'query', parameter: 'cursor' }] });
  });
});

describe('a period', () => {
  const path = '/api/v1/controls/A.5.1';

  test('is asked of one control by from and to', async () => {
    const server = await serve();
    const query = 'from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z';
    const { period } = JSON.parse((await send(server, `${path}?${query}`)).text);
    expect(period).toMatchObject({
      from: '2026-01-01T00:00:00Z',
      seconds: { effective: 86_400, unknown: 0 },
    });
    expect(JSON.parse((await send(server, path)).text).period).toBeNull();
  });

  test.each([
    ['from=2026-01-01T00:00:00Z', 'to', 'together'],
    ['to=2026-01-01T00:00:00Z', 'to', 'together'],
    ['from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', 'to', 'after'],
    ['from=2026-01-02&to=2026-01-03T00:00:00Z', 'from', 'such as'],
    ['from=2026-02-31T99:00:00Z&to=2026-03-03T00:00:00Z', 'from', 'that there is'],
    ['from=2026-02-31T00:00:00Z&to=2026-03-03T00:00:01Z', 'from', 'that there is'],
    ['from=1969-12-31T23:59:59Z&to=2026-03-03T00:00:00Z', 'from', 'from 1970 on'],
  ])('is refused when it is %s', async (query, parameter, detail) => {
    const answer = problemIn(await send(await serve(), `${path}?${query}`));
    expect(answer).toMatchObject({ status: 400, errors: [{ in: 'query', parameter }] });
    expect(answer.detail).toContain(detail);
  });
});

describe('starting a run', () => {
  test('needs to know who asks, even on loopback', async () => {
    const server = await serve();
    const answer = await send(server, '/api/v1/collectors/aws/runs', { method: 'POST' });
    expect(problemIn(answer)).toMatchObject({ status: 403 });
  });

  test('is answered 202 with what is due, 404 where nothing of that name is collected, and takes no content', async () => {
    const { server, recorded } = await guarded({ tokens: oneEach });
    const options = { method: 'POST', headers: bearer(tokenOf('o')).headers };
    const started = await send(server, '/api/v1/collectors/aws/runs', options);
    expect(started.status).toBe(202);
    expect(JSON.parse(started.text)).toEqual({
      collector: 'aws',
      datasets: [{ dataset: 'iam-identities', state: 'due' }],
    });
    expect(problemIn(await send(server, '/api/v1/collectors/nothing/runs', options)).status).toBe(404);
    const content = { ...options, body: '{}' };
    expect(problemIn(await send(server, '/api/v1/collectors/aws/runs', content)).status).toBe(415);
    expect(recorded.map(({ who, operation, status }) => [who, operation, status])).toEqual(
      [202, 404, 415].map((status) => ['token:operator', 'POST /api/v1/collectors/:name/runs', status]),
    );
  });
});

describe('a conditional request', () => {
  test('for what the client has is answered 304, without content, and 200 for anything else', async () => {
    const server = await serve();
    const first = await send(server, '/api/v1/controls?limit=3');
    const tag = String(first.headers.etag);
    const ask = (value: string, path = '/api/v1/controls?limit=3', method = 'GET') =>
      send(server, path, { method, headers: { 'if-none-match': value } });
    for (const value of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await ask(value);
      expect([again.status, again.text, again.headers.etag]).toEqual([304, '', tag]);
    }
    expect((await ask(tag, '/api/v1/controls?limit=3', 'HEAD')).status).toBe(304);
    expect((await ask('"other"')).text).toBe(first.text);
    expect((await ask(tag, '/api/v1/controls?limit=4')).status).toBe(200);
    expect((await ask('*', '/api/v1/controls/A.9.99')).status).toBe(404);
    expect((await send(server, '/metrics')).headers.etag).toBeUndefined();
  });
});

describe('times', () => {
  test('are RFC 3339 in UTC, to the second', async () => {
    const server = await serve();
    const { startedAt, finishedAt } = JSON.parse(
      (await send(server, '/api/v1/runs/aws-1795321980-0a1b')).text,
    );
    expect([startedAt, finishedAt]).toEqual(['2026-11-22T04:33:00Z', '2026-11-22T04:33:04Z']);
  });

  test('are so in every answer', async () => {
    const server = await serve();
    const times: unknown[] = [];
    for (const path of routes) {
      JSON.parse((await send(server, path)).text, (key, value: unknown) => {
        if (/^at$|At$|^asOf$|^validFrom$/.test(key) && value !== null) times.push(value);
        return value;
      });
    }
    expect(times.length).toBeGreaterThan(20);
    for (const time of times) expect(time).toMatch(/^2026-11-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test('that are not whole Unix seconds are a defect, not an answer', async () => {
    for (const sealedAt of [1.5, Number.NaN, -1, 1e15]) {
      expect(entry.shape.sealedAt.safeEncode(sealedAt).success, String(sealedAt)).toBe(false);
    }
  });
});

describe('an answer outside its schema', () => {
  test('is a 500 that tells nothing of the inside, and the log has the reason', async () => {
    const logger = recordingLogger();
    const leak = { origin: 'x', size: 1, root: 'not hex', note: 'secret-note' };
    const server = await serve({ checkpoint: () => Promise.resolve(leak) }, { logger });
    const answer = await send(server, '/api/v1/checkpoint');
    expect(problemIn(answer).status).toBe(500);
    expect(answer.text).not.toContain('secret-note');
    expect(logger.lines.filter((line) => line.level === 'error')).toMatchObject([
      { fields: { method: 'GET', url: '/api/v1/checkpoint' } },
    ]);
  });

  test('may not carry a field that the schema does not name', async () => {
    const extra = { origin: 'x', size: 1, root: 'ab'.repeat(32), note: 'n', password: 'hunter2' };
    const server = await serve({ checkpoint: () => Promise.resolve(extra) });
    const answer = await send(server, '/api/v1/checkpoint');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('hunter2');
  });
});
