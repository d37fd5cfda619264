import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { type JsonAnswer, openJson } from '../exports/json.ts';
import { namedValue } from '../exports/source.ts';
import type { BamboohrConfig } from './config.ts';

/** Operations, as BambooHR's description calls them. */
export type Operation = 'list-employees' | 'get-employee-table-data';

/** BambooHR, asked by GET alone. */
export interface Api extends AsyncDisposable {
  /** The answer's value. Rejects with a CollectorError, or with the signal's reason. */
  get(operation: Operation, path: string, query?: Readonly<Record<string, string>>): Promise<unknown>;
  /** When the first answer was made, by its Date header, Unix seconds. Throws (`as-of`) when that can't be told. */
  answeredAt(): number;
}

export async function openApi(
  config: BamboohrConfig,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Api> {
  const base = new URL(config.url ?? `https://${config.company}.bamboohr.com`);
  provenance.setEndpoint(base.origin, config.url === undefined);
  provenance.setCaller(`company:${config.company}`);
  const headers = { authorization: await authorizationOf(config, context) };
  const source = await openJson({ ...config, headers, throttles503: true }, provenance, signal);
  let first: JsonAnswer | undefined;
  return {
    async get(operation, path, query = {}) {
      const url = new URL(`/api/v1/${path}`, base);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const answer = await source.get(url, operation);
      first ??= answer;
      return answer.value;
    },
    answeredAt: () => expectDate(first?.date),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** By HTTP basic authentication the key is the user's name, and the password is anything. */
async function authorizationOf(
  { apiKey, token }: BamboohrConfig,
  context: CollectorContext,
): Promise<string> {
  if (apiKey !== undefined) {
    const key = (await namedValue(apiKey, context)).trim();
    return `Basic ${Buffer.from(`${key}:x`).toString('base64')}`;
  }
  if (token === undefined) throw new CollectorError('configuration', 'neither apiKey nor token is set');
  return `Bearer ${(await namedValue(token, context)).trim()}`;
}

function expectDate(date: number | undefined): number {
  if (date === undefined) throw new CollectorError('as-of', 'answered without a Date header');
  return date;
}
