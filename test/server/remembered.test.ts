import { describe, expect, test } from 'vitest';
import { createRemembered } from '../../src/server/remembered.ts';
import { problemIn, send, serve } from './harness.ts';

/** A server whose agent is asked how often, at a revision that the test sets. */
async function counted() {
  const state = { revision: 1, asked: 0, fails: false };
  const controls = () => {
    state.asked += 1;
    if (state.fails) return Promise.reject(new Error('broken'));
    return Promise.resolve({ items: [], next: `${state.asked}` });
  };
  const server = await serve({ revision: () => state.revision, controls });
  const get = (query = '', headers = {}) => send(server, `/api/v1/controls${query}`, { headers });
  return Object.assign(state, { get });
}

describe('an answer that follows from the state', () => {
  test('is made once for each revision and each question, and has the same bytes and tag', async () => {
    const agent = await counted();
    const first = await agent.get();
    const again = await agent.get();
    expect(again.text).toBe(first.text);
    expect(again.headers).toMatchObject({
      etag: first.headers.etag,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(first.text.length),
      'cache-control': 'no-store',
    });
    expect(agent.asked).toBe(1);
    await agent.get('?limit=5');
    expect(agent.asked).toBe(2);
    agent.revision += 1;
    expect((await agent.get()).text).not.toBe(first.text);
    expect(agent.asked).toBe(3);
  });

  test('is not sent to who has it, and HEAD has its headers alone', async () => {
    const agent = await counted();
    const { headers } = await agent.get();
    const unchanged = await agent.get('', { 'if-none-match': headers.etag });
    expect([unchanged.status, unchanged.text, unchanged.headers.etag]).toEqual([304, '', headers.etag]);
    expect((await agent.get('', { 'if-none-match': '"other"' })).status).toBe(200);
    expect(agent.asked).toBe(1);
  });

  test('is not kept when it is none: a failure, or a question that is wrong', async () => {
    const agent = await counted();
    agent.fails = true;
    expect(problemIn(await agent.get()).status).toBe(500);
    agent.fails = false;
    expect((await agent.get()).status).toBe(200);
    expect(problemIn(await agent.get('?limit=0')).status).toBe(400);
    expect(problemIn(await agent.get('?limit=0')).status).toBe(400);
    expect(agent.asked).toBe(2);
  });
});

describe('what is remembered', () => {
  test('is not what was read before a change', () => {
    let revision = 1;
    const remembered = createRemembered(() => revision);
    expect(remembered.recall('/a')).toBeUndefined();
    revision = 2;
    remembered.keep('/a', 1, 'old');
    expect(remembered.recall('/a')).toBeUndefined();
    remembered.keep('/a', 2, 'new');
    expect(remembered.recall('/a')?.bytes.toString()).toBe('new');
  });

  test('is bounded, in answers and in bytes', () => {
    const remembered = createRemembered(() => 1);
    const kept = (count: number, text: string) => {
      for (let at = 0; at < count; at += 1) {
        remembered.recall(`/${at}`);
        remembered.keep(`/${at}`, 1, text);
      }
      return Array.from({ length: count }, (_, at) => remembered.recall(`/${at}`)).filter(Boolean).length;
    };
    expect(kept(1000, 'x')).toBeLessThanOrEqual(256);
    expect(kept(20, 'x'.repeat(1_000_000))).toBeLessThanOrEqual(4);
    expect(kept(1, 'x'.repeat(5_000_000))).toBe(0);
  });
});
