import { killRounds } from '../evidence/crash.ts';
import { s3Faults } from '../evidence/faults-proxy.ts';
import { s3CreationRounds, s3Rounds } from '../evidence/s3-rounds.ts';
import { writerRounds } from '../evidence/writers.ts';
import { startS3 } from '../peers/s3-server.ts';
import { calls, straceRounds } from '../peers/strace.ts';
import { createRandom } from './random.ts';

type Report = (line: string) => void;

/** A log is thrown away after so many kills, so that its making is killed, too. */
const KILLS_PER_LOG = 25;

/** Kills writers at random moments: half of them on directories, half on buckets. Returns what went wrong. */
export async function killWriters(kills: number, seed: number, report: Report): Promise<string[]> {
  const random = createRandom(seed);
  const chance = () => random.below(2 ** 30) / 2 ** 30;
  await using server = await startS3();
  const faults: string[] = [];
  for (const kind of ['directory', 'bucket'] as const) {
    let [done, acknowledged, checkpoints] = [0, 0, 0];
    while (done < kills / 2) {
      const rounds = Math.min(KILLS_PER_LOG, Math.ceil(kills / 2) - done);
      const found = await killRounds(rounds, chance, kind === 'bucket' ? await server.place() : undefined);
      done += rounds;
      acknowledged += found.acknowledged;
      checkpoints += found.checkpoints;
      faults.push(...found.faults.map((text) => `${kind}: ${text}`));
      report(
        `${kind}: ${done} rounds of kills: ${acknowledged} acknowledged, ${checkpoints} checkpoints seen, ${faults.length} problems`,
      );
    }
  }
  return faults;
}

/** Two writers at once on a real S3 server. Returns what went wrong. */
export async function raceWriters(rounds: number, report: Report): Promise<string[]> {
  await using server = await startS3();
  const { acknowledged, interleaved, faults } = await writerRounds(rounds, await server.place(), report);
  report(
    `${rounds} rounds of two writers: ${acknowledged} acknowledged, interleaved in ${interleaved} rounds`,
  );
  return [...faults];
}

/** Each fault at every request of a log in a bucket in turn (at every `step`th). Returns what went wrong. */
export async function failRequests(step: number, report: Report): Promise<string[]> {
  const all: string[] = [];
  process.env['AWS_ACCESS_KEY_ID'] ??= 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'test';
  for (const fault of s3Faults) {
    for (const options of [{ sent: 1 }, { sent: 2 }, { sent: 1, times: 12 }] as const) {
      const { requests, faults } = await s3Rounds({ fault, ...options, step });
      report(
        `${fault} at each of ${requests} requests, ${JSON.stringify(options)}: ${faults.length} problems`,
      );
      all.push(...faults);
    }
    all.push(...(await s3CreationRounds(fault, { step: Math.min(step, 4) })).faults);
  }
  return all;
}

/** Each fault at every file-system call of a commit in turn (at every `step`th). Returns what went wrong. */
export async function failCalls(step: number, report: Report): Promise<string[]> {
  const all: string[] = [];
  for (const { call, faults: ways } of calls) {
    for (const way of ways) {
      const { injected, crashed, acknowledged, faults } = await straceRounds(call, way, { step });
      report(
        `${call} ${way}: ${injected} faults, ${crashed} of them ended the writer, ${acknowledged} acknowledged, ${faults.length} problems`,
      );
      all.push(...faults);
    }
  }
  return all;
}
