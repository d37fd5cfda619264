import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Endpoint } from '../kubernetes-server.ts';

const definition = z.record(z.string(), z.unknown());
const description = z.object({ definitions: z.record(z.string(), definition) });
const kinds = z.array(z.object({ group: z.string(), version: z.string(), kind: z.string() })).catch([]);

/** Where kubeconform finds the schema of a kind, in a directory of ours. */
export const LOCATION = '{{.ResourceKind}}_{{.Group}}_{{.ResourceAPIVersion}}.json';

/**
 * Schemas of the kinds, as the API server describes itself (custom resources included), in which a field that isn't described is
 * refused. One file holds every definition, and one a kind refers to it.
 */
export async function writeSchemas(server: Endpoint, directory: string): Promise<void> {
  const { definitions } = description.parse(await server.call('GET', '/openapi/v2'));
  await mkdir(directory, { recursive: true });
  const strict = Object.fromEntries(
    Object.entries(definitions).map(([name, schema]) => [name, strictly(schema)]),
  );
  await writeFile(join(directory, 'definitions.json'), JSON.stringify({ definitions: strict }));
  for (const [name, schema] of Object.entries(definitions))
    for (const { group, version, kind } of kinds.parse(schema['x-kubernetes-group-version-kind'])) {
      const file = `${kind.toLowerCase()}_${group === '' ? version : group}_${version}.json`;
      const $ref = `definitions.json#/definitions/${name}`;
      await writeFile(join(directory, file), JSON.stringify({ $ref }));
    }
}

/** The same in the words of JSON Schema. */
function strictly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => strictly(one));
  const schema = definition.safeParse(value).data;
  if (schema === undefined) return value;
  if (schema['format'] === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true)
    return { oneOf: [{ type: 'string' }, { type: 'integer' }] };
  if (typeof schema['$ref'] === 'string') return { $ref: schema['$ref'] };
  const closed =
    schema['properties'] !== undefined &&
    schema['additionalProperties'] === undefined &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true;
  const parts = Object.entries(schema).map(([key, part]) => [key, strictly(part)]);
  return { ...Object.fromEntries(parts), ...(closed ? { additionalProperties: false } : {}) };
}
