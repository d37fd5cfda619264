import type { PopulationItem } from '../../src/engine/view.ts';
import { numbers } from './numbers.ts';

const DAY = 86_400;
const MINUTE = 60;
const WINDOW = 40 * DAY;

export const DISPOSALS = `
apiVersion: annexa.dev/v1alpha1
kind: Collector
metadata: { name: register }
spec:
  plugin: register
  datasets: { media-disposals: { schedule: every 4d, freshness: 8d, maxShrink: 0.95 } }
  settings:
    scope: test
    mediaDisposals:
      file: disposals.csv
      asOf: { column: asof }
      id: ref
      columns: { reference: ref, method: method, disposed_at: day, certificate: certificate }
---
apiVersion: annexa.dev/v1alpha1
kind: Check
metadata: { name: disposals-certified }
spec:
  title: Every disposal of the last 40 days has a certificate
  aspects: [A.7.10/disposal]
  nature: event
  severity: medium
  within: 6d
  kind: media_disposal
  where: it.disposed_at_or_max > :now - 3456000
  fails: it.certificate = '' OR it.disposed_at < 0
  reason: "'no certificate'"
  remediation: none
  rationale: none
`;

interface Disposal {
  readonly ref: string;
  /** Unix seconds; undefined: the register doesn't tell. */
  day: number | undefined;
  certified: boolean;
  listed: boolean;
}

type Outcome = 'pass' | 'fail' | 'unknown';
type Outcomes = ReadonlyMap<string, Outcome>;

interface Look {
  readonly at: number;
  readonly fresh: boolean;
  /** What the check says of each row of the register that was read last. */
  readonly said: Outcomes;
}

/** A register of disposals that come, are corrected, are spoilt, are struck off and grow old; and what an oracle makes of it. */
export class Disposals {
  readonly looks: Look[] = [];
  readonly #random = numbers(11);
  readonly #all: Disposal[] = [{ ref: 'first', day: 0, certified: true, listed: true }];
  #read: readonly Readonly<Disposal>[] = [];
  #asOf = 0;
  #forgotten = 0;

  /** The register as it is some days later; now and then nobody has dated it, or it can't be read. */
  next(now: number): string {
    const chance = (share: number) => this.#random() < share;
    if (this.#forgotten > 0) this.#forgotten -= 1;
    else if (chance(0.06)) this.#forgotten = 2 + Math.floor(this.#random() * 3);
    if (this.#forgotten === 0) this.#asOf = now;
    for (const one of this.#all.slice(1)) {
      if (!one.certified && chance(0.35)) one.certified = true;
      else if (chance(0.03)) one.certified = false;
      if (one.day === undefined ? chance(0.3) : chance(0.02))
        one.day = one.day === undefined ? this.#asOf : undefined;
      if (chance(one.listed ? 0.03 : 0.3)) one.listed = !one.listed;
    }
    for (let more = Math.floor(this.#random() * 4); more > 0; more -= 1)
      this.#all.push({
        ref: `N-${this.#all.length}`,
        day: chance(0.8) ? this.#asOf - DAY : undefined,
        certified: chance(0.7),
        listed: true,
      });
    if (chance(0.05)) return 'this,is\nno register';
    this.#read = this.#all.filter(({ listed }) => listed).map((one) => ({ ...one }));
    const text = (at: number | undefined) =>
      at === undefined ? '' : new Date(at * 1000).toISOString().slice(0, 19) + 'Z';
    const rows = this.#read.map(
      ({ ref, day, certified }) => `${ref},wiped,${text(day)},${certified ? 'C' : ''},${text(this.#asOf)}`,
    );
    return ['ref,method,day,certificate,asof', ...rows, ''].join('\n');
  }

  /** The agent has looked. */
  looked(at: number, fresh: boolean): void {
    const said = this.#read.flatMap(({ ref, day, certified }): [string, Outcome][] => {
      if (day !== undefined && day <= at - WINDOW) return [];
      return [[ref, certified ? (day === undefined ? 'unknown' : 'pass') : 'fail']];
    });
    this.looks.push({ at, fresh, said: new Map(said) });
  }

  /** What each look leaves standing: a fresh one all that it says; another one what stood, and what it adds. */
  #standing(): readonly (Look & { readonly stands: Outcomes })[] {
    let stands: Outcomes = new Map();
    return this.looks.map((look) => {
      const added = new Map(stands);
      for (const [ref, outcome] of look.said)
        if (outcome === 'fail' || !added.has(ref)) added.set(ref, outcome === 'fail' ? 'fail' : 'unknown');
      stands = look.fresh ? look.said : added;
      return { ...look, stands };
    });
  }

  /** The answer over a period, told by going through every look that speaks within it. */
  over(from: number, to: number, patience: number): Omit<PopulationItem, 'why'> {
    const all = this.#standing();
    const earlier = all.findLast(({ at }) => at < from);
    const before = all.findLast(({ at }) => at <= from);
    const begun = before !== undefined && before.at + patience > from ? before : undefined;
    const within = [...(begun === undefined ? [] : [begun]), ...all.filter(({ at }) => at > from && at < to)];
    const last = new Map<string, Outcome>();
    const failed = new Set<string>();
    for (const { stands } of within)
      for (const [ref, outcome] of stands) {
        last.set(ref, outcome);
        if (outcome === 'fail') failed.add(ref);
      }
    let whole = true;
    for (let minute = from; minute < to; minute += MINUTE) {
      const speaks = all.findLast(({ at }) => at <= minute);
      whole &&= speaks !== undefined && speaks.fresh && minute < speaks.at + patience;
    }
    const check = 'disposals-certified';
    if (within.length === 0 || (last.size === 0 && !whole)) {
      const nothing = {
        judged: null,
        came: null,
        passed: null,
        failed: null,
        unknown: null,
        corrected: null,
      };
      return { check, ...nothing, whole };
    }
    const of = (outcome: Outcome) => [...last].filter(([, one]) => one === outcome);
    return {
      check,
      judged: last.size,
      came: [...last.keys()].filter((ref) => earlier?.stands.has(ref) !== true).length,
      passed: of('pass').length,
      failed: of('fail').length,
      unknown: of('unknown').length,
      corrected: of('pass').filter(([ref]) => failed.has(ref)).length,
      whole,
    };
  }
}
