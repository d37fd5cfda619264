import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { answersOf, refusals } from './refusals.ts';
import { getText } from './route.ts';
import { registerNames } from './schemas.ts';
import { tellWire } from './wire.ts';

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'Where access is configured: a static token, an access token of the OpenID Connect provider, or a token of the cluster. `x-annexa-role` is the role that an operation needs.',
  },
  link: {
    type: 'apiKey',
    in: 'query',
    name: 'link',
    description: 'Opens the content of one bundle, once, in place of a token.',
  },
} as const;

/** Tells of every route that is added after it, and of itself, at /openapi.json. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  const schemaRegistry = z.registry<{ id?: string | undefined }>();
  registerNames(schemaRegistry);
  const options = { schemaRegistry, zodToJsonConfig: { override: tellWire } };
  const nameSchemas = createJsonSchemaTransformObject(options);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Annexa status API',
        version,
        description:
          'Lists are { items, next }; times are RFC 3339 in UTC; errors are RFC 9457 problem details. A method that a path lacks is a 405, with Allow.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes },
    },
    transform: createJsonSchemaTransform(options),
    transformObject: (document) => {
      const whole = nameSchemas(document);
      if (!('components' in whole)) return whole;
      // Each schema is written as input too; only answers are named.
      for (const name of Object.keys(whole.components?.schemas ?? {})) {
        if (name.endsWith('Input')) delete whole.components?.schemas?.[name];
      }
      return whole;
    },
  });
  let text: string | undefined;
  getText(app, {
    path: '/openapi.json',
    role: 'viewer',
    tag: 'agent',
    summary: 'This description, in OpenAPI 3.1',
    mediaType: 'application/json',
    schema: z.looseObject({ openapi: z.literal('3.1.0') }),
    handler: () => {
      text ??= JSON.stringify(withRefusals(app.swagger()));
      return Promise.resolve({ contentType: 'application/json', text });
    },
  });
}

const described = z.looseObject({
  components: z.looseObject({}),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.looseObject({}) }))),
});

/** With what any operation may answer besides what its route says, status by status: `default` would let everything through. */
function withRefusals(document: unknown): object {
  const { components, paths, ...rest } = described.parse(document);
  const told = Object.entries(paths).map(([path, operations]) => {
    const whole = Object.entries(operations).map(([method, operation]) => {
      return [method, { ...operation, responses: answersOf(method, path, operation) }];
    });
    return [path, Object.fromEntries(whole)];
  });
  return { ...rest, components: { ...components, responses: refusals }, paths: Object.fromEntries(told) };
}
