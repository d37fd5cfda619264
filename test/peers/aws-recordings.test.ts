import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aws } from '../../src/collectors/aws/index.ts';
import type { Recording } from '../../src/sample/estate.ts';
import { collectAws, contextOf, credentials } from '../collectors/aws-harness.ts';
import { acme, hrExport } from './acme.ts';
import { type Emulator, startMinistack, startMoto } from './emulators.ts';
import { fillAws } from './fill-aws.ts';
import { startRecorder } from './record-aws.ts';

const ROOT = join(import.meta.dirname, '../..');
const ESTATE = join(ROOT, 'examples/acme/estate');
const FIXTURES = join(ROOT, 'test/fixtures/aws');

/** `ANNEXA_RECORD=1 npx vitest run --project peers test/peers/aws-recordings.test.ts` writes the recordings anew. */
const RECORD = process.env['ANNEXA_RECORD'] === '1';

/** What the sample company collects. */
const SAMPLE = ['iam-identities', 'iam-account'];

/** What the collector asks of a server that holds the sample company, and what it answers. */
async function record(peer: Emulator, server: string): Promise<Recording> {
  await fillAws(peer, acme);
  await using recorder = await startRecorder(peer.endpoint);
  // Makes the credential report: what is recorded is an account whose report is there.
  await collectAws(peer.endpoint, peer.account, 'iam-identities');
  const { context } = contextOf(() => Math.floor(Date.now() / 1000));
  const settings = { endpoint: recorder.endpoint, credentials, accounts: [{ id: peer.account }] };
  await using collector = aws.connect(aws.config.parse(settings), context);
  for (const name of SAMPLE) await collectAws(recorder.endpoint, peer.account, name);
  await collector.preflight(new AbortController().signal, SAMPLE);
  const { exchanges } = recorder;
  const dates = exchanges.map(({ headers }) => Date.parse(headers['date'] ?? ''));
  return { server, recordedAt: new Date(Math.max(...dates)).toISOString(), exchanges: [...exchanges] };
}

/** Sorted: datasets and permissions are asked about side by side. */
const asked = ({ exchanges }: Recording): string[] =>
  [
    ...new Set(exchanges.map(({ operation, parameters }) => `${operation} ${JSON.stringify(parameters)}`)),
  ].toSorted();

async function kept(path: string): Promise<Recording> {
  const parsed: Recording = JSON.parse(await readFile(path, 'utf8'));
  return parsed;
}

async function write(directory: string, name: string, content: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, name), content);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

describe('the recordings of the sample company', () => {
  test('moto is still asked what was recorded of it', async () => {
    await using moto = await startMoto();
    const recording = await record(moto, 'moto 5.2.5');
    if (RECORD) {
      await write(ESTATE, 'aws.json', json(recording));
      await write(join(ESTATE, 'hr'), 'people.csv', hrExport(Date.parse(recording.recordedAt) / 1000));
      const file = {
        url: '/hr/people.csv',
        path: 'hr/people.csv',
        type: 'text/csv',
        madeOn: ['exported_at'],
      };
      const writtenOn = recording.recordedAt.slice(0, 10);
      await write(ESTATE, 'estate.json', json({ recordings: ['aws.json'], files: [{ ...file, writtenOn }] }));
    }
    expect(asked(recording)).toEqual(asked(await kept(join(ESTATE, 'aws.json'))));
  });

  test('ministack is still asked what was recorded of it', async () => {
    await using ministack = await startMinistack();
    const recording = await record(ministack, 'ministack 1.5.33');
    if (RECORD) await write(FIXTURES, 'ministack.json', json(recording));
    expect(asked(recording)).toEqual(asked(await kept(join(FIXTURES, 'ministack.json'))));
  });
});
