import { readStore, type StoreReader } from '../../src/evidence/reader.ts';
import { loadKeys, keyFiles, type EvidenceKeys } from '../../src/evidence/keys.ts';
import { generalized, startAuthority } from '../evidence/timestamp-authority.ts';
import { pem } from '../evidence/timestamp-forge.ts';
import { makeWorld, NOW, type World } from '../engine/world.ts';

export const DAY = 86_400;
/** Midnight (UTC) of the first day on which a history is collected. */
export const START = Math.floor(NOW / DAY) * DAY;

const COLLECTORS = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: people }
spec:
  plugin: hr
  datasets: { people: { schedule: every 1d, maxShrink: 0.5 } }
  settings:
    scope: test
    file: people.csv
    asOf: { column: asof }
    columns: { personId: id, workEmail: email, lastDay: last }
`;

const check = (name: string, aspect: string, fails: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: ${name} }
spec:
  title: ${name}
  aspects: [${aspect}]
  nature: state
  severity: high
  within: 1h
  kind: person
  fails: ${fails}
  reason: "'${name}'"
  remediation: none
  rationale: none
`;

const agent = (url: string, directory: string) => `
apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec:
  organisation: Test
  domain: test.example
  data: ${JSON.stringify(`${directory}/data`)}
  commitWindow: 1s
  listen: "127.0.0.1:0"
  timestamps: { every: 1h, authorities: [{ name: alpha, url: "${url}", ca: ${JSON.stringify(CA)} }] }
`;

/** Certificates that lead up to what stamps a history. */
export const CA = pem('root');

/** An organisation that was collected for some days, at noon. */
export interface History extends AsyncDisposable {
  readonly world: World;
  readonly store: string;
  readonly keys: EvidenceKeys;
  /** Collects on the next day, with these people having left. */
  day(left: readonly number[]): Promise<void>;
  reader(size?: number): Promise<StoreReader>;
}

/** `stamped`: each day ends with a timestamp. */
export async function makeHistory({ people = 6, stamped = false } = {}): Promise<History> {
  await using cleanup = new AsyncDisposableStack();
  const world = cleanup.use(
    await makeWorld({
      manifests: {
        'collectors.yaml': COLLECTORS,
        'leavers.yaml': check('no-leavers', 'A.5.18/removal', `"it.status IN ('left', 'vanished')"`),
        'screened.yaml': check('screened', 'A.6.1/before-start', `"it.status = 'starting'"`),
      },
    }),
  );
  world.now = START + DAY / 2;
  if (stamped) {
    const authority = cleanup.use(await startAuthority(() => ({ genTime: generalized(world.now + 30) })));
    await world.write('agent.yaml', agent(authority.url, world.directory));
  }
  const register = (left: readonly number[]) => {
    const today = new Date(world.now * 1000).toISOString().slice(0, 10);
    const rows = Array.from({ length: people }, (_, at) => {
      const last = left.includes(at) ? '2026-05-01' : '';
      return `${at},p${at}@test.example,${last},${today}`;
    });
    return ['id,email,last,asof', ...rows, ''].join('\n');
  };
  const store = `${world.directory}/data/evidence`;
  const history: History = {
    world,
    store,
    get keys(): EvidenceKeys {
      throw new Error('nothing is collected yet');
    },
    async day(left) {
      await world.write('people.csv', register(left));
      await using opened = await world.open();
      await opened.agent.open();
      await opened.agent.collectOnce();
      world.now += DAY;
    },
    reader: (size) => readStore(store, size === undefined ? {} : { size }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  await history.day([]);
  const keys = await loadKeys(keyFiles(`${world.directory}/data/keys`));
  const owned = cleanup.move();
  return Object.defineProperty(history, 'keys', { value: keys });
}
