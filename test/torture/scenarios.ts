import { failCalls, failRequests, killWriters, raceWriters } from './commit.ts';
import { kill } from './kill.ts';
import { tortureBundles } from './bundle.ts';
import { tampers } from './changes.ts';
import { judgeReperformed, reperformForged } from './reperform.ts';
import { tamper } from './tamper.ts';
import { upgradeFromPrevious } from './upgrade.ts';

/** What is repeated until chance has had its say. */
export interface Scenario {
  readonly name: string;
  /** `scale` 1 is what a release has to pass. Returns what went wrong: nothing, when it holds. */
  run(options: {
    readonly scale: number;
    readonly seed: number;
    readonly report: (line: string) => void;
  }): Promise<readonly string[]>;
}

const TAMPER_ROUNDS = 2000;

const tamperScenario: Scenario = {
  name: 'tamper',
  async run({ scale, seed, report }) {
    const rounds = Math.max(tampers.length, Math.round(TAMPER_ROUNDS * scale));
    const { found, refused, told, harmless, wrong } = await tamper({ rounds, seed, report });
    report(
      `${rounds} changes: ${found} found, ${refused} refused at opening, ${told} told as less, ${harmless} of no consequence`,
    );
    return wrong;
  },
};

const KILL_ROUNDS = 300;

const killScenario: Scenario = {
  name: 'kill',
  async run({ scale, seed, report }) {
    const rounds = Math.max(1, Math.round(KILL_ROUNDS * scale));
    const { acknowledged, pairs, problems } = await kill({ rounds, seed, report });
    report(`${rounds} kills, ${pairs} of two agents at once: ${acknowledged} acknowledged entries kept`);
    return problems;
  },
};

const IDENTITIES = 100_000;

const reperformScenario: Scenario = {
  name: 'reperform',
  async run({ scale, report }) {
    return judgeReperformed(await reperformForged(Math.max(40, Math.round(IDENTITIES * scale)), report));
  },
};

const COMMIT_KILLS = 1000;

/** kill -9 of writers: half of them on directories, half on a real S3 server. */
const commitsScenario: Scenario = {
  name: 'commits',
  run: ({ scale, seed, report }) => killWriters(Math.max(2, Math.round(COMMIT_KILLS * scale)), seed, report),
};

const WRITER_ROUNDS = 300;

const writersScenario: Scenario = {
  name: 'writers',
  run: ({ scale, report }) => raceWriters(Math.max(1, Math.round(WRITER_ROUNDS * scale)), report),
};

const requestsScenario: Scenario = {
  name: 'requests',
  run: ({ scale, report }) => failRequests(Math.max(1, Math.round(1 / scale)), report),
};

const BUNDLE_ROUNDS = 20_000;
/** verify.sh takes a second or two for each. */
const SCRIPTED_ROUNDS = 120;

const bundleScenario: Scenario = {
  name: 'bundle',
  async run({ scale, seed, report }) {
    const rounds = Math.max(1, Math.round(BUNDLE_ROUNDS * scale));
    const scripted = Math.round(SCRIPTED_ROUNDS * scale);
    return (await tortureBundles({ rounds, scripted, seed, report })).wrong;
  },
};

const callsScenario: Scenario = {
  name: 'calls',
  run: ({ scale, report }) => failCalls(Math.max(1, Math.round(1 / scale)), report),
};

/** Once: what is repeated here is what each commit has to keep of the one before it. */
const upgradeScenario: Scenario = {
  name: 'upgrade',
  run: ({ report }) => upgradeFromPrevious(report),
};

/** By name; a further scenario is a module that exports one, and a line here. */
export const scenarios: readonly Scenario[] = [
  tamperScenario,
  killScenario,
  reperformScenario,
  commitsScenario,
  writersScenario,
  requestsScenario,
  bundleScenario,
  callsScenario,
  upgradeScenario,
];
