import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openReadOnly } from '../../src/engine/read-only.ts';
import { readStore } from '../../src/evidence/reader.ts';
import { verifyDirectory } from '../../src/evidence/verify.ts';
import { z } from 'zod';
import type { World } from '../engine/world.ts';
import { type Answers, answersOfView } from './answers.ts';
import { keptAnswers, restoreKept } from './kept.ts';
import { people, training } from './organisation.ts';

/** Every release that left something here: never changed, never made again. */
const releases = (await readdir(import.meta.dirname)).filter((name) => /^\d{4}-\d{2}/.test(name));

test('there is something of an earlier release', () => {
  expect(releases).toContain('2026-11');
});

describe.each(releases)('what the release of %s left', (name) => {
  let world: World;
  let then: Answers;
  beforeEach(async () => {
    world = await restoreKept(name);
    then = await keptAnswers(name);
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const at = (file: string) => join(world.directory, 'data', file);

  /** What is answered before anything is collected or judged again. */
  async function answers(): Promise<Answers> {
    await using opened = await world.open();
    await opened.stores.sync();
    return await answersOfView(opened.agent.view);
  }

  test('holds what is kept for long: failures, an exception, an attestation, an erasure, other keys', () => {
    expect(JSON.stringify(then['deviations'])).toContain('"exception":"founders-address"');
    expect(JSON.stringify(then['runs'])).toContain('"outcome":"failed"');
    const streams = JSON.stringify(then['evidence']);
    expect(streams).toContain('"stream":"erasure"');
    expect(streams).toContain('"stream":"rotation"');
    expect(then['attestations']).toMatchObject([{ name: 'authorities-2026', valid: true }]);
  });

  test('is answered as it was then, from its own state', async () => {
    expect(await answers()).toMatchObject(then);
  });

  test('is answered by a state made anew from the log as by its own', async () => {
    const kept = await answers();
    await world.rebuild();
    expect(await answers()).toEqual(kept);
  });

  test.each([
    ['was made by an older or a newer version', async () => otherVersion(at('state.db'))],
    ['is no database', () => writeFile(at('state.db'), 'lost '.repeat(4000))],
    ['is of a log that went further', async () => longer(at('state.db'))],
    ['is of another log', async () => another(at('state.db'))],
    ['is gone', () => rm(at('state.db'))],
  ])('is answered the same when the state %s, which is made anew by itself', async (_, spoil) => {
    await spoil();
    expect(await answers()).toMatchObject(then);
  });

  test('is answered the same without the writer’s lock, from its evidence alone', async () => {
    const directory = await mkdtemp(join(world.directory, 'state-'));
    const build = { version: '0.0.0', revision: 'test', node: process.versions.node };
    await using served = await openReadOnly({
      reader: await readStore(at('evidence')),
      directory,
      build,
    });
    expect(await answersOfView(served.view)).toMatchObject(then);
  });

  test('is gone on with: the log grows from the checkpoint of then, and what was open then still is', async () => {
    const since = (await readStore(at('evidence'))).checkpoint();
    const day = new Date(world.now * 1000).toISOString().slice(0, 10);
    await world.write('people.csv', people(day, { without: '3' }));
    await world.write('training.csv', training(day));
    {
      await using opened = await world.open();
      await opened.agent.open();
      const runs = await opened.agent.collectOnce();
      expect(runs.flatMap(({ results }) => results.map(({ failure }) => failure))).toEqual([null, null]);
      const now = await answersOfView(opened.agent.view);
      expect(now['deviations']).toMatchObject(withoutTimes(then['deviations']));
    }
    const report = await verifyDirectory(at('evidence'), { since: Buffer.from(since.note) });
    expect(report).toMatchObject({ ok: true });
    expect(report.entries).toBeGreaterThan(since.size);
  });
});

/** Whether something is overdue follows from the time of asking. */
function withoutTimes(deviations: unknown): readonly object[] {
  return z
    .array(
      z.object({
        id: z.string(),
        firstSeenAt: z.string(),
        closedAt: z.string().nullable(),
        exception: z.string().nullable(),
      }),
    )
    .parse(deviations);
}

function changed(file: string, sql: string): void {
  using database = new DatabaseSync(file);
  database.exec(sql);
}

function otherVersion(file: string): void {
  changed(
    file,
    "UPDATE meta SET value = 'another' WHERE key = 'schema'; ALTER TABLE verdict DROP COLUMN why",
  );
}

function longer(file: string): void {
  changed(
    file,
    `INSERT INTO entry SELECT 1000, leaf_hash, predicate, stream, seq, run_id, sealed_at, subjects_json FROM entry LIMIT 1;
    DELETE FROM control`,
  );
}

function another(file: string): void {
  changed(
    file,
    'UPDATE entry SET leaf_hash = printf(\'%064d\', 1) WHERE "index" = (SELECT max("index") FROM entry); DELETE FROM control',
  );
}
