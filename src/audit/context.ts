import type { Sealed } from '../evidence/contract.ts';
import type { Range } from './range.ts';
import { bodyNamed } from './selection.ts';

/**
 * Finds the entries outside a range that those in it rest on (docs/adr/0018-bundle.md). It sees every entry of the log, in its order.
 */
export interface ContextFinder {
  see(entry: Sealed): void;
  /** The configurations that were in force within the range, ascending. */
  configurations(): readonly Sealed[];
  /** Indexes of the context, ascending. `used`: the snapshots before the range that assessments in it rest on. */
  indexes(used: readonly Sealed[]): readonly number[];
}

export function createContext({ first, end }: Range): ContextFinder {
  const always: number[] = [];
  const configs: Sealed[] = [];
  /** Configurations that entries of the range were made under. */
  const named = new Set<number>();
  let assessment: number | undefined;

  function configurationOf(entry: Sealed): Sealed | undefined {
    return configs.findLast((one) => one.index < entry.index && bodyNamed(one, 'documents') === entry.config);
  }

  return {
    see(entry) {
      const { index, predicate, fields } = entry;
      const before = index < first;
      if (predicate === 'config' && index < end) configs.push(entry);
      if (predicate === 'assessment' && before && fields['full'] === true) assessment = index;
      // What began before a configuration was replaced may be sealed after that.
      const config = before || index >= end ? undefined : configurationOf(entry);
      if (config !== undefined) named.add(config.index);
      // Which of them stand at the beginning of the range, all of them together say.
      if (predicate === 'attestation' && before) always.push(index);
      // A rotation after the range as well: it says which keys sign the checkpoint at which is answered.
      if (predicate === 'genesis' || predicate === 'rotation' || predicate === 'erasure') always.push(index);
    },
    configurations() {
      const inForce = configs.findLast(({ index }) => index < first);
      return configs.filter((one) => one === inForce || one.index >= first);
    },
    indexes(used) {
      const found = [
        ...always,
        ...named,
        configs.findLast(({ index }) => index < first)?.index,
        assessment,
        ...used.flatMap((snapshot) => [snapshot.index, configurationOf(snapshot)?.index]),
      ];
      const outside = found.filter((index) => index !== undefined && (index < first || index >= end));
      return [...new Set(outside)].filter((index) => index !== undefined).sort((a, b) => a - b);
    },
  };
}
