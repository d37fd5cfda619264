import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { z } from 'zod';
import type { AgentView } from '../../src/engine/view.ts';
import { startServer } from '../../src/server/server.ts';

/** What the API answers, by path, as JSON: every list whole, and what each control, failing check and entry says of its own. */
export type Answers = Readonly<Record<string, unknown>>;

const LISTS = [
  'controls',
  'checks',
  'deviations',
  'collectors',
  'runs',
  'evidence',
  'exceptions',
  'attestations',
] as const;

const listPage = z.object({ items: z.array(z.looseObject({})), next: z.string().nullable() });

/** `details`: what is told of each by itself, too. */
export async function answersOf(url: string, { details = true } = {}): Promise<Answers> {
  const answers: Record<string, unknown> = {};
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${path}`);
    // Without a declared scope there is none.
    if (response.status === 404 && path === 'scope') return null;
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  };
  const listed = async (list: string) => {
    const items: z.infer<typeof listPage>['items'] = [];
    for (let next: string | null = ''; next !== null;) {
      const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const page = listPage.parse(await ask(`${list}?limit=200${cursor}`));
      items.push(...page.items);
      next = page.next;
    }
    return items;
  };
  for (const list of LISTS) answers[list] = await listed(list);
  const all = (list: string) => z.array(z.record(z.string(), z.unknown())).parse(answers[list]);
  const each = [
    ...all('controls').map(({ id }) => `controls/${String(id)}`),
    ...all('checks').flatMap(({ name, outcome }) => (outcome === 'fail' ? [`checks/${String(name)}`] : [])),
    ...all('evidence').map(({ index }) => `evidence/${String(index)}`),
  ];
  for (const path of [...(details ? each : []), 'soa', 'scope', 'checkpoint'])
    answers[path] = await ask(path);
  return answers;
}

/** The same, of a view that nobody serves yet. */
export async function answersOfView(view: AgentView): Promise<Answers> {
  const server = await startServer({ view, listen: '127.0.0.1:0', logger: pino({ level: 'silent' }) });
  try {
    return await answersOf(server.url);
  } finally {
    await server.close(1);
  }
}

const deviation = z.looseObject({ id: z.string(), firstSeenAt: z.string() });

/** What no later assessment may change: sealed entries, runs, and when each deviation was seen first. */
export function lasting(answers: Answers): Answers {
  const items = (list: string) => z.array(z.unknown()).parse(answers[list]);
  const runs = z.array(z.looseObject({ id: z.string() })).parse(answers['runs']);
  return Object.fromEntries([
    ...Object.entries(answers).filter(([path]) => path.startsWith('evidence/')),
    ...items('evidence').map((entry, at) => [`evidence, entry ${at}`, entry]),
    ...runs.map((one) => [`run ${one.id}`, one]),
    ...items('deviations').map((one) => {
      const { id, firstSeenAt } = deviation.parse(one);
      return [`deviation ${id}`, firstSeenAt];
    }),
  ]);
}

/** Whether everything that was said still is; more may be said of the same. */
export function kept(before: unknown, after: unknown): boolean {
  if (typeof before !== 'object' || before === null) return isDeepStrictEqual(before, after);
  if (typeof after !== 'object' || after === null) return false;
  if (Array.isArray(before) && !(Array.isArray(after) && before.length === after.length)) return false;
  const fields = new Map(Object.entries(after));
  return Object.entries(before).every(([key, value]) => kept(value, fields.get(key)));
}
