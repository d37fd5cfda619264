import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EvidenceLog } from '../../src/evidence/contract.ts';
import { openCosignatures, parseWitnessKey } from '../../src/evidence/cosignature.ts';
import { parseNote } from '../../src/evidence/note.ts';
import { submitCheckpoint } from '../../src/evidence/witness/client.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { draft, testLog, type TestLog } from './helpers.ts';
import { startWitness, type WitnessServer } from './witness-server.ts';
import { witness } from './witness.ts';

const NOW = 1_790_000_000;

let t: TestLog;
let server: WitnessServer;

beforeEach(async () => {
  t = await testLog();
  server = await startWitness(() => NOW);
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await t[Symbol.asyncDispose]();
});

async function submit(old = 0, changed: { log?: EvidenceLog; timeout?: number; signal?: AbortSignal } = {}) {
  const { log = t.log, timeout = 5, signal = new AbortController().signal } = changed;
  const { size, note } = log.checkpoint();
  const to = { url: `${server.url}/`, key: parseWitnessKey(server.vkey), timeout };
  return submitCheckpoint(to, { note, old, prove: (from) => log.consistency(from, size) }, signal);
}

async function grow(entries: number): Promise<number> {
  const before = t.log.checkpoint().size;
  for (let at = 0; at < entries; at += 1) await t.log.append([draft(`run-${before + at}`)]);
  return t.log.checkpoint().size;
}

describe('a checkpoint', () => {
  test('is cosigned the first time, with nothing to follow from', async () => {
    expect(await submit()).toEqual({ kind: 'cosigned', lines: expect.any(String), time: NOW });
    expect(server.requests).toEqual([`old 0\n\n${t.log.checkpoint().note}`]);
  });

  test('is cosigned again and again as the log grows, each with a proof from the last', async () => {
    for (const entries of [1, 1, 2, 5, 250, 20]) {
      const old = server.seen?.size ?? 0;
      const size = await grow(entries);
      expect(await submit(old)).toMatchObject({ kind: 'cosigned' });
      expect(server.seen?.size).toBe(size);
    }
    expect(server.requests).toHaveLength(6);
  });

  test('is cosigned although nothing is known of what the witness has seen', async () => {
    await submit();
    const size = await grow(3);
    expect(await submit(0)).toMatchObject({ kind: 'cosigned' });
    expect(server.requests.slice(1).map((body) => body.split('\n')[0])).toEqual(['old 0', 'old 1']);
    expect(server.seen?.size).toBe(size);
  });

  test('is cosigned by a witness that has forgotten everything', async () => {
    await grow(3);
    expect(await submit(2)).toMatchObject({ kind: 'cosigned' });
    expect(server.requests.map((body) => body.split('\n')[0])).toEqual(['old 2', 'old 0']);
  });

  test('keeps its cosignatures beside it, and they verify', async () => {
    const answer = await submit();
    const { size, note } = t.log.checkpoint();
    expect(answer.kind).toBe('cosigned');
    const lines = 'lines' in answer ? answer.lines : '';
    await t.log.addCosignatures(size, lines);
    const key = parseWitnessKey(server.vkey);
    expect(openCosignatures(parseNote(Buffer.from(note)).text, lines, [key]).verified).toHaveLength(1);
    const report = await verifyDirectory(t.directory, { witnesses: [server.vkey] });
    expect(report.problems).toEqual([]);
    expect(report.witnessed).toEqual([{ witness: 'witness.example', size, time: NOW }]);
  });
});

describe('a checkpoint that does not follow from what the witness has seen', () => {
  test('is refused when it was forked at the same size', async () => {
    await using other = await testLog();
    // The same origin can't be had twice here: the witness of this test knows no origins.
    await grow(2);
    await submit();
    for (let at = 0; at < 2; at += 1) await other.log.append([draft(`fork-${at}`)]);
    expect(await submit(3, { log: other.log })).toMatchObject({ kind: 'refused' });
  });

  test('is refused when the log goes on from another history', async () => {
    await using other = await testLog();
    await grow(2);
    await submit();
    for (let at = 0; at < 5; at += 1) await other.log.append([draft(`fork-${at}`)]);
    const answer = await submit(0, { log: other.log });
    expect(answer).toEqual({
      kind: 'refused',
      why: "it can't see that 6 entries follow from the 3 that it cosigned",
    });
  });

  test('is refused when the log was rolled back', async () => {
    await using other = await testLog();
    await grow(2);
    await submit();
    const answer = await submit(0, { log: other.log });
    expect(answer).toEqual({
      kind: 'refused',
      why: 'it cosigned a checkpoint of 3 entries, and the newest here has 1',
    });
  });

  test('is refused by a witness that answers a conflict with the size that was submitted', async () => {
    await grow(2);
    server.forge = (response) =>
      void response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('3\n');
    expect(await submit(3)).toEqual({ kind: 'refused', why: 'it cosigned another checkpoint of 3 entries' });
  });
});

describe('what is not to be believed, and never kept', () => {
  const text = () => parseNote(Buffer.from(t.log.checkpoint().note)).text;
  const answers: Record<string, () => [status: number, body: string, type?: string]> = {
    'another key': () => [200, witness('witness.example', 8).cosign(text(), NOW)],
    'another name': () => [200, witness('other.example', 9).cosign(text(), NOW)],
    'a signature of another time': () => [200, witness('witness.example', 9).cosign(text(), NOW, NOW - 1)],
    'a signature of another checkpoint': () => [
      200,
      witness('witness.example', 9).cosign(`${text()}x\n`, NOW),
    ],
    nothing: () => [200, ''],
    'no lines of signatures': () => [200, 'ok\n'],
    'a conflict without a size': () => [409, '', 'text/x.tlog.size'],
    'a conflict of another type': () => [409, '0\n', 'text/html'],
    'a size that is none': () => [409, '01\n', 'text/x.tlog.size'],
    'too much': () => [200, 'x'.repeat(70_000)],
  };
  test.each(Object.keys(answers))('%s', async (name) => {
    server.forge = (response) => {
      const [status, body, type = 'text/plain'] = answers[name]!();
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    await expect(submit()).rejects.toMatchObject({ code: 'corrupt' });
  });

  test('lines of other keys beside the one that is known', async () => {
    const more = witness('other.example', 8).cosign(text(), NOW);
    const own = witness('witness.example', 9).cosign(text(), NOW);
    server.forge = (response) => void response.writeHead(200).end(more + own + more);
    expect(await submit()).toEqual({ kind: 'cosigned', lines: own, time: NOW });
  });
});

describe('a witness', () => {
  test.each([
    [404, 'foreign-key'],
    [403, 'foreign-key'],
    [400, 'io'],
    [429, 'io'],
    [500, 'io'],
    [302, 'io'],
  ])('that answers %i is no alarm, but told', async (status, code) => {
    server.forge = (response) => void response.writeHead(status, { location: server.url }).end();
    await expect(submit()).rejects.toMatchObject({ code });
  });

  test('that names another size each time is given up', async () => {
    await grow(8);
    let size = 0;
    server.forge = (response) =>
      void response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end(`${(size += 1)}\n`);
    await expect(submit()).rejects.toMatchObject({ code: 'io' });
    expect(server.requests).toHaveLength(3);
  });

  test('that never answers is given up in time', async () => {
    server.forge = () => {};
    await expect(submit(0, { timeout: 0.2 })).rejects.toMatchObject({ message: 'no answer within 0.2 s' });
  });

  test('that is gone is told', async () => {
    await server[Symbol.asyncDispose]();
    await expect(submit()).rejects.toMatchObject({ code: 'io' });
    server = await startWitness(() => NOW);
  });

  test('is left as soon as the agent stops', async () => {
    server.forge = () => {};
    await expect(submit(0, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'io' });
  });
});
