import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml';
import { CollectorError } from '../error.ts';
import type { Cell, Entry } from './cell.ts';

/** A text of YAML may be so long, in characters: its tree is held whole. */
export const MAX_YAML = 8 * 1024 ** 2;

export interface Yaml {
  readonly root: unknown;
  readonly lineOf: (node: unknown) => number;
}

/**
 * Parses one document whose values are all text, as written: `1.10` and `2026-01-31` stay what they are. Throws `malformed` with the place and the line,
 * never a value: for keys that come twice, anchors, aliases and tags.
 */
export function parseYaml(text: string, place: string): Yaml {
  if (text.length > MAX_YAML) throw fault(place, `at most ${MAX_YAML} characters of YAML`);
  const lineCounter = new LineCounter();
  const document = parsed(text, place, lineCounter);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const { line } = lineCounter.linePos(error.pos[0]);
    throw fault(`${place}, line ${line}`, `YAML that can be read (${error.code})`);
  }
  const lineOf = (node: unknown): number => {
    const range: unknown = typeof node === 'object' && node !== null ? Reflect.get(node, 'range') : undefined;
    return Array.isArray(range) ? lineCounter.linePos(Number(range[0])).line : 0;
  };
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node) || node.anchor !== undefined)
        throw fault(`${place}, line ${lineOf(node)}`, 'no anchors and aliases');
    },
  });
  return { root: document.contents, lineOf };
}

function parsed(text: string, place: string, lineCounter: LineCounter): ReturnType<typeof parseDocument> {
  try {
    return parseDocument(text, { schema: 'failsafe', lineCounter, prettyErrors: false });
  } catch (error) {
    throw new CollectorError('malformed', `${place}: expected YAML that can be read`, { cause: error });
  }
}

function fault(place: string, expected: string): CollectorError {
  return new CollectorError('malformed', `${place}: expected ${expected}`);
}

/** The mapping that a node is. */
export function mappingAt(node: unknown, place: string): YAMLMap {
  if (!isMap(node)) throw fault(place, 'a mapping');
  return node;
}

/** The node under a key; undefined when the mapping has no such key. */
function valueAt(mapping: YAMLMap, key: string): unknown {
  const pair = mapping.items.find(({ key: own }) => isScalar(own) && own.value === key);
  return pair === undefined ? undefined : (pair.value ?? '');
}

/** The items of the list at the root, or under the key of the mapping at the root. */
export function listAt(root: unknown, key: string | undefined, place: string): readonly unknown[] {
  const node = key === undefined ? root : valueAt(mappingAt(root, place), key);
  if (!isSeq(node)) throw fault(key === undefined ? place : `${place}, key ${key}`, 'a list of mappings');
  return node.items;
}

/** An entry of a mapping. Throws `malformed` when it lacks a column that isn't optional. */
export function keyedEntry(
  mapping: YAMLMap,
  place: string,
  columns: ReadonlyMap<string, { readonly optional: boolean }>,
  path?: string,
): Entry {
  for (const [column, { optional }] of columns)
    if (!optional && valueAt(mapping, column) === undefined)
      throw fault(`${place}, column ${column}`, 'the key, though its value may be empty');
  return {
    place,
    ...(path !== undefined && { path }),
    cell: (column) => {
      const node = valueAt(mapping, column);
      return node === undefined ? undefined : cellOf(node, `${place}, column ${column}`);
    },
  };
}

function cellOf(node: unknown, place: string): Cell {
  if (node === '' || node === null) return '';
  if (isSeq(node)) return node.items.map((item) => cellOf(item, place));
  if (!isScalar(node) || typeof node.value !== 'string') throw fault(place, 'a value, or a list of values');
  return node.type === 'PLAIN' && /^(~|null|Null|NULL)$/.test(node.value) ? '' : node.value;
}
