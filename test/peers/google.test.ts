import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { datasets } from '../../src/collectors/google/datasets.ts';
import { google } from '../../src/collectors/google/index.ts';
import { contextOf, recordsOf } from '../collectors/harness.ts';
import { base, CUSTOMER } from '../collectors/google/estate.ts';
import { configOf } from '../collectors/google/harness.ts';
import { type Identities, keyFile, openIdentities } from '../collectors/google/identities.ts';
import { routes } from '../collectors/google/routes.ts';
import { descriptions } from './descriptions.ts';
import { type Prism, startPrism } from './prism.ts';

/** Google's published description of the Directory API, as far as it is held against. */
const schema = z.looseObject({
  $ref: z.string().optional(),
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
});
const operation = z.looseObject({
  operationId: z.string().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  responses: z
    .record(z.string(), z.looseObject({ content: z.record(z.string(), z.unknown()).optional() }))
    .optional(),
});
const description = z.looseObject({
  paths: z.record(z.string(), z.looseObject({ get: operation.optional() })),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});
type Description = z.infer<typeof description>;

const read = async (): Promise<Description> =>
  description.parse(JSON.parse(await readFile(descriptions.googleAdmin(), 'utf8')));

function operationOf({ paths }: Description, id: string): z.infer<typeof operation> {
  const found = Object.values(paths).find(({ get }) => get?.operationId === id)?.get;
  if (found === undefined) throw new Error(`the description has no ${id}`);
  return found;
}

/** Where the value isn't as the schema says: an unknown property, another type, a word that isn't listed. */
function* faults(of: Description, raw: unknown, value: unknown, path: string): Generator<string> {
  const said = schema.parse(raw);
  if (said.$ref !== undefined) {
    const name = said.$ref.replace('#/components/schemas/', '');
    yield* faults(of, of.components.schemas[name], value, path);
  } else if (Array.isArray(value)) {
    if (said.type !== 'array') yield `${path}: a list`;
    else for (const [index, item] of value.entries()) yield* faults(of, said.items, item, `${path}.${index}`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const property = said.properties?.[key];
      if (property === undefined) yield `${path}.${key}: not described`;
      else yield* faults(of, property, inner, `${path}.${key}`);
    }
  } else if (said.type !== undefined && typeof value !== said.type) yield `${path}: not of type ${said.type}`;
  else if (said.enum !== undefined && !said.enum.includes(String(value))) yield `${path}: not a listed word`;
}

const reading = datasets.flatMap(({ permissions, operations }) =>
  operations.filter((name) => name.startsWith('directory.')).map((name) => ({ name, permissions })),
);

/** What the SDK's types and Google's documentation have, and this older description hasn't: guests, and words in capitals. */
const newer = ['isGuestUser: not described', 'assigneeType: not a listed word'];

describe("Google's published description", () => {
  test.each(reading)('$name: one of the OAuth scopes of its dataset permits it', async (one) => {
    const { security = [] } = operationOf(await read(), one.name);
    const permitting = security.flatMap((way) => Object.values(way).flat());
    // Where there are some that only read, of those.
    const readonly = permitting.filter((scope) => scope.endsWith('.readonly'));
    const wanted = readonly.length > 0 ? readonly : permitting;
    expect(one.permissions.filter((scope) => wanted.includes(scope))).not.toEqual([]);
  });

  test.each(routes)('$operation: what the stub answers is as described', async ({ operation, answer }) => {
    const of = await read();
    const { responses } = operationOf(of, operation);
    const [body] = Object.values(responses?.['200']?.content ?? {});
    const told = z.object({ schema: z.unknown() }).parse(body);
    const keys = { 'directory.members.list': ['5001'], 'directory.tokens.list': ['1002'] }[operation];
    const value = answer(base, keys ?? [CUSTOMER], { start: 0, size: 50, next: String });
    expect(value).toBeDefined();
    const found = [...faults(of, told.schema, value, operation)];
    expect(found.filter((fault) => !newer.some((known) => fault.endsWith(known)))).toEqual([]);
  });
});

/**
 * Prism, with what it can't know put into its answers: the customer's own id, an end to each list, and that a role is the super administrator's.
 * The token endpoint is the stub's.
 */
async function startFront(prism: Prism): Promise<AsyncDisposable & { readonly endpoint: string }> {
  let identities: Identities | undefined;
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', 'http://front');
    const answer = await identities?.answer(url, incoming);
    outgoing.setHeader('content-type', 'application/json');
    if (answer !== undefined) {
      outgoing.writeHead(answer.status);
      outgoing.end(JSON.stringify(answer.body));
      return;
    }
    const asked = request(`${prism.endpoint}${incoming.url}`, { headers: incoming.headers });
    asked.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        outgoing.writeHead(response.statusCode ?? 502);
        outgoing.end(JSON.stringify(amended(url, Buffer.concat(chunks).toString())));
      });
    });
    asked.end();
  };
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const endpoint = `http://127.0.0.1:${address.port}`;
  identities = openIdentities({ endpoint, clock: Date.now });
  return {
    endpoint,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function amended({ pathname }: URL, body: string): object {
  const { nextPageToken: _, ...rest } = z.looseObject({}).parse(JSON.parse(body));
  return pathname.includes('/customers/') ? { ...rest, id: CUSTOMER } : rest;
}

describe('Prism over that description', () => {
  let prism: Prism | undefined;
  beforeAll(async () => {
    prism = await startPrism(descriptions.googleAdmin());
  });
  afterAll(async () => prism?.[Symbol.asyncDispose]());

  test.each(datasets)(
    '$name: every request is one that it allows, and every answer can be read',
    async (dataset) => {
      await using front = await startFront(prism!);
      const before = prism!.answered.length;
      const { context, told } = contextOf(() => Math.floor(Date.now() / 1000), { GOOGLE_KEY: keyFile() });
      await using collector = google.connect(configOf(front.endpoint), context);
      const records = await recordsOf(collector, dataset.name, { id: CUSTOMER });
      expect(records.map(({ kind }) => kind)).toEqual(expect.arrayContaining(dataset.kinds.slice(0, 1)));
      const answered = prism!.answered.slice(before);
      expect(answered.filter((line) => !line.endsWith(' 200'))).toEqual([]);
      expect(told.calls.length).toBe(answered.length + 1);
    },
  );
});
