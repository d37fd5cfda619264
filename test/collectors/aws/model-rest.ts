import { readJson, writeJson } from './model-json.ts';
import { element, isBound, writeMembers } from './model-xml.ts';
import { type Member, membersOf, type Operation, type Shape, simpleOf, textOf } from './model.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Route {
  readonly operation: Operation;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Pattern {
  readonly method: string;
  readonly path: RegExp;
  readonly query: URLSearchParams;
  /** How much of it is constant: what says more goes first. */
  readonly weight: number;
  readonly operation: Operation;
}

/** A finder of operations by method and path. `buckets`: S3 with a bucket in the path, which its model leaves out. */
export function routerOf(
  operations: Iterable<Operation>,
  buckets: boolean,
): (request: Request) => Route | undefined {
  const patterns = [...operations]
    .flatMap((operation) => patternOf(operation, buckets))
    .sort((a, b) => b.weight - a.weight);
  return ({ method, url }) => {
    const path = url.pathname.replace(/\/+$/, '');
    for (const pattern of patterns) {
      if (pattern.method !== method) continue;
      const found = pattern.path.exec(path);
      if (found === null || ![...pattern.query].every(([key, value]) => url.searchParams.get(key) === value))
        continue;
      const labels = Object.entries(found.groups ?? {}).map(([name, text]) => [
        name,
        decodeURIComponent(text),
      ]);
      return { operation: pattern.operation, labels: Object.fromEntries(labels) };
    }
    return undefined;
  };
}

function patternOf(operation: Operation, buckets: boolean): readonly Pattern[] {
  if (operation.http === undefined) return [];
  const [method, template] = operation.http;
  const [given = '', query = ''] = template.split('?');
  const inBucket =
    buckets && isStructure(operation.input) && operation.input.members.some(({ name }) => name === 'Bucket');
  const path = (inBucket && !given.includes('{Bucket}') ? `/{Bucket}${given}` : given).replace(/\/+$/, '');
  const constant = path.replaceAll(/\{[^}]*\}/g, '').length;
  const search = new URLSearchParams(query);
  const expression = path
    .replaceAll(/[.$()*]/g, String.raw`\$&`)
    .replaceAll(/\{(\w+)\+\}/g, '(?<$1>.+)')
    .replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return [
    {
      method,
      path: new RegExp(`^${expression}$`),
      query: search,
      weight: search.size * 100 + constant,
      operation,
    },
  ];
}

const isStructure = (shape: Shape): shape is Extract<Shape, { kind: 'structure' }> =>
  shape.kind === 'structure';

/** An input as the command was given it. */
export function readRest({ operation, labels }: Route, { url, headers, body }: Request): object {
  const { input } = operation;
  if (!isStructure(input)) return {};
  const json = body.startsWith('{') ? readJson(input, JSON.parse(body), true) : undefined;
  const bound = input.members.flatMap((member) => {
    const text = textBoundTo(member, labels, url.searchParams, headers);
    if (text === undefined) return [];
    const { shape } = member;
    if (shape.kind === 'list')
      return [[member.name, url.searchParams.getAll(String(member.traits['httpQuery']))]];
    return [[member.name, shape.kind === 'simple' ? simpleOf(shape.type, text) : text]];
  });
  return { ...(typeof json === 'object' ? json : {}), ...Object.fromEntries(bound) };
}

function textBoundTo(
  { name, traits }: Member,
  labels: Route['labels'],
  query: URLSearchParams,
  headers: Request['headers'],
): string | undefined {
  if ('httpLabel' in traits) return labels[name];
  if (typeof traits['httpQuery'] === 'string') return query.get(traits['httpQuery']) ?? undefined;
  if (typeof traits['httpHeader'] !== 'string') return undefined;
  const value = headers[traits['httpHeader'].toLowerCase()];
  return typeof value === 'string' ? value : undefined;
}

/** An output as the service answers it. Throws where the model doesn't allow it. */
export function writeRest(operation: Operation, output: unknown, form: 'json' | 'xml'): Answer {
  const { name, output: shape, http } = operation;
  const given = membersOf(shape, output, name);
  const headers: Record<string, string> = {};
  for (const { member, value, at } of given) {
    const header = member.traits['httpHeader'];
    if (typeof header === 'string' && member.shape.kind === 'simple')
      headers[header.toLowerCase()] = textOf(member.shape.type, value, at, 'http-date');
  }
  const payload = given.find(({ member }) => 'httpPayload' in member.traits);
  const status = http?.[2] ?? 200;
  if (payload !== undefined)
    return { status, headers, body: writePayload(payload.member, payload.value, payload.at, form) };
  if (form === 'xml') {
    const root = typeof shape.traits['xmlName'] === 'string' ? shape.traits['xmlName'] : `${name}Result`;
    return { status, headers, body: `<${root}>${writeMembers(shape, output, name)}</${root}>` };
  }
  const inBody = given
    .filter(({ member }) => !isBound(member))
    .map(({ member, value }) => [member.name, value]);
  const without = isStructure(shape)
    ? { ...shape, members: shape.members.filter((member) => !isBound(member)) }
    : shape;
  return {
    status,
    headers,
    body: JSON.stringify(writeJson(without, Object.fromEntries(inBody), name, true)),
  };
}

function writePayload(member: Member, value: unknown, at: string, form: 'json' | 'xml'): string {
  const { shape } = member;
  if (shape.kind === 'simple') return textOf(shape.type, value, at, 'date-time');
  if (form === 'json') return JSON.stringify(writeJson(shape, value, at, true));
  const name = [member.traits['xmlName'], shape.traits['xmlName']].find((name) => typeof name === 'string');
  return element(name ?? shape.name, shape, value, at);
}
