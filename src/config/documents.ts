import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, visit } from 'yaml';
import type { ConfigIssue } from './error.ts';
import type { ManifestFile } from './files.ts';
import { looksLikeSecret } from './secrets.ts';

export type Path = readonly (string | number)[];

/** One YAML document whose root is a mapping, parsed but not yet understood. */
export interface RawDocument {
  readonly file: string;
  readonly number: number;
  readonly value: Readonly<Record<string, unknown>>;
  /** An issue at the field, or at the nearest field above it that is there. */
  readonly issue: (path: Path, found: string, expected: string) => ConfigIssue;
}

export interface Parsed {
  readonly documents: readonly RawDocument[];
  readonly issues: readonly ConfigIssue[];
}

/** What a broken document leads to after its first faults helps nobody. */
const maxFaults = 10;

/**
 * Parses a file as YAML 1.2 (core schema): duplicate keys, unknown tags, anchors and aliases, other versions, keys that aren't strings and
 * values that JSON can't write are issues. Empty documents are passed over.
 */
export function parseDocuments(file: ManifestFile): Parsed {
  const lines = new LineCounter();
  const whole = (found: string, expected: string) => [issueAt(file.path, 0, undefined, [], found, expected)];
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
  } catch {
    return { documents: [], issues: whole('bytes that are not UTF-8', 'a text in UTF-8') };
  }
  try {
    const parsed = parseAllDocuments(source, {
      strict: true,
      uniqueKeys: true,
      stringKeys: true,
      merge: false,
      version: '1.2',
      schema: 'core',
      resolveKnownTags: false,
      prettyErrors: false,
      lineCounter: lines,
      logLevel: 'silent',
    });
    const results = [...parsed].map((document, index) => readDocument(file.path, index + 1, document, lines));
    return {
      documents: results.flatMap((result) => result.documents),
      issues: results.flatMap((result) => result.issues),
    };
  } catch (error) {
    return { documents: [], issues: whole(yamlMessage(error), 'YAML 1.2') };
  }
}

function readDocument(file: string, number: number, document: Document.Parsed, lines: LineCounter): Parsed {
  const at = (offset: number, path: Path, found: string, expected: string) =>
    issueAt(file, number, lines.linePos(offset), path, found, expected);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return {
      documents: [],
      issues: faults.slice(0, maxFaults).map((fault) => at(fault.pos[0], [], yamlMessage(fault), 'YAML 1.2')),
    };
  }
  const start = document.contents?.range[0] ?? document.range[0];
  if (document.directives.yaml.version !== '1.2') {
    const found = `YAML ${document.directives.yaml.version}`;
    return { documents: [], issues: [at(start, [], found, 'YAML 1.2')] };
  }
  const alias = findAlias(document);
  if (alias !== undefined) {
    const found = 'an alias of an anchor';
    return { documents: [], issues: [at(alias, [], found, 'the value written out')] };
  }
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (value === null) {
    return { documents: [], issues: [] };
  }
  if (!isMapping(value)) {
    return { documents: [], issues: [at(start, [], describe(value), 'a mapping')] };
  }
  const issue = (path: Path, found: string, expected: string) =>
    at(offsetOf(document, path), path, found, expected);
  const unwritable = [...findUnwritable(value)].map(({ path, what, expected }) =>
    issue(path, what, expected),
  );
  return { documents: [{ file, number, value, issue }], issues: unwritable };
}

/** Documents stand on their own, and nothing expands: the offset of the first alias. */
function findAlias(document: Document.Parsed): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Alias(_key, node) {
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function* findUnwritable(
  value: unknown,
  path: Path = [],
): Generator<{ path: Path; what: string; expected: string }> {
  if (typeof value === 'number' && (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    yield { path, what: 'a number out of range', expected: 'a number that JSON holds exactly, or a string' };
  } else if (typeof value === 'string' && !value.isWellFormed()) {
    yield { path, what: 'half of a surrogate pair', expected: 'text that UTF-8 can write' };
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      if (key === '__proto__' || !key.isWellFormed()) {
        yield { path, what: 'a field that must not be', expected: 'another name' };
      }
      yield* findUnwritable(child, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  }
}

function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const segment of path) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === segment);
      next = pair?.value;
      offset = startOf(pair?.key) ?? offset;
    } else if (isSeq(node) && typeof segment === 'number') {
      next = node.items[segment];
      offset = startOf(next) ?? offset;
    }
    if (next === undefined || next === null) {
      return offset;
    }
    node = next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (isScalar(node) || isMap(node) || isSeq(node)) && node.range ? node.range[0] : undefined;
}

function issueAt(
  file: string,
  document: number,
  position: { readonly line: number; readonly col: number } | undefined,
  path: Path,
  found: string,
  expected: string,
): ConfigIssue {
  return {
    file,
    document,
    line: position?.line ?? null,
    column: position?.col ?? null,
    path: pathText(path),
    found,
    expected,
  };
}

/** `spec.controls[3].control`; a name that isn't plain is quoted. */
export function pathText(path: Path): string {
  return path
    .map((segment, index) => {
      if (typeof segment === 'number') {
        return `[${segment}]`;
      }
      const plain = /^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment);
      return plain ? `${index === 0 ? '' : '.'}${segment}` : `[${JSON.stringify(segment)}]`;
    })
    .join('');
}

/** A URL with user and password. */
const WITH_PASSWORD = /:\/\/[^@\s]*:[^@\s]*@/;

/** A value for people: short, on one line, never a secret. */
export function describe(value: unknown, hidden = false): string {
  if (value === undefined) {
    return 'nothing';
  }
  if (value === null) {
    return 'null';
  }
  if (typeof value === 'string') {
    const secret = hidden || looksLikeSecret(value) !== undefined || WITH_PASSWORD.test(value);
    return secret ? 'a string (not shown)' : quote(value);
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return hidden ? `a ${typeof value} (not shown)` : String(value);
  }
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

function quote(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function yamlMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? message).replace(/:$/, '');
}
