import type { Logger } from 'pino';
import { networkTrouble } from '../network/trouble.ts';

/**
 * What keeps the agent, or a part of it, from its work: few, and the same for ever, since alerts name them.
 * - `store-full`: no room where evidence, state or inventory are kept
 * - `store-read-only`: nothing can be written there
 * - `store-failed`: it can't be used for another reason
 * - `clock`: this machine's clock was set, and nobody has confirmed it, or others say another time
 * - `name-resolution`: names of sources, authorities or witnesses can't be resolved
 * - `proxy`: the proxy refuses to lead there
 */
export const conditionNames = [
  'store-full',
  'store-read-only',
  'store-failed',
  'clock',
  'name-resolution',
  'proxy',
] as const;

export type ConditionName = (typeof conditionNames)[number];

/** With these the agent can't do its work; with the others it can, as far as what is outside lets it. */
const UNREADY: ReadonlySet<ConditionName> = new Set([
  'store-full',
  'store-read-only',
  'store-failed',
  'clock',
]);

export interface Trouble {
  readonly condition: ConditionName;
  /** One line, without secrets. */
  readonly detail: string;
}

/** What kept us from whom we asked, when that lies between the two. */
export function troubleOn(subject: string, error: unknown): Trouble | undefined {
  const trouble = networkTrouble(error);
  return trouble && { condition: trouble.kind, detail: `${subject}: ${trouble.words}` };
}

export interface Condition extends Trouble {
  /** Unix seconds. */
  readonly since: number;
  readonly unready: boolean;
}

/** The conditions that hold. Each is logged when it begins and when it ends, not in between. */
export interface Conditions {
  /** What is the matter with a subject (a collector, the assessment, the clock) now; undefined: nothing. */
  report(subject: string, trouble: Trouble | undefined): void;
  /** Forgets the subjects that are no more. */
  retain(known: ReadonlySet<string>): void;
  /** In the order of `conditionNames`. */
  list(): readonly Condition[];
}

export function createConditions(logger: Pick<Logger, 'error' | 'info'>, now: () => number): Conditions {
  const troubles = new Map<string, Trouble>();
  let held: ReadonlyMap<ConditionName, Condition> = new Map();

  function update(): void {
    const before = held;
    const found = conditionNames.flatMap((condition) => {
      const trouble = [...troubles.values()].find((one) => one.condition === condition);
      if (trouble === undefined) return [];
      const since = before.get(condition)?.since ?? now();
      return [{ ...trouble, since, unready: UNREADY.has(condition) }];
    });
    held = new Map(found.map((one) => [one.condition, one]));
    for (const { condition, detail } of found)
      if (!before.has(condition)) logger.error({ event: 'condition_began', condition, detail }, detail);
    for (const { condition, since } of before.values())
      if (!held.has(condition))
        logger.info({ event: 'condition_ended', condition, seconds: now() - since }, 'the condition ended');
  }

  return {
    report(subject, trouble) {
      if (trouble === undefined) troubles.delete(subject);
      else troubles.set(subject, trouble);
      update();
    },
    retain(known) {
      for (const subject of troubles.keys()) if (!known.has(subject)) troubles.delete(subject);
      update();
    },
    list: () => [...held.values()],
  };
}
