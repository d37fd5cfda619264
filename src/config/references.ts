import { allAspects, catalogue, findAspect, findControl } from '../controls/catalogue.ts';
import { suggest } from './closest.ts';
import { describe, isMapping, type Path } from './documents.ts';
import type { Fault } from './explain.ts';

/** The names that a reference may point at, also those of documents that are wrong otherwise. */
export interface Names {
  readonly checks: readonly string[];
  readonly collectors: readonly string[];
}

/** What a manifest names that doesn't exist. Reads the raw value, so that it finds them in a manifest that is wrong elsewhere too. */
export function danglingReferences(
  manifest: Readonly<Record<string, unknown>>,
  names: Names,
): readonly Fault[] {
  const spec = isMapping(manifest['spec']) ? manifest['spec'] : {};
  switch (manifest['kind']) {
    case 'Check':
    case 'Attestation':
      return list(spec['aspects']).flatMap((id, index) => aspectFault(id, ['spec', 'aspects', index]));
    case 'Exception':
      return nameFault(spec['check'], names.checks, ['spec', 'check'], 'a check');
    case 'Scope':
      return list(spec['sources']).flatMap((source, index) =>
        isMapping(source)
          ? nameFault(
              source['collector'],
              names.collectors,
              ['spec', 'sources', index, 'collector'],
              'a collector',
            )
          : [],
      );
    case 'StatementOfApplicability':
      return list(spec['controls']).flatMap((entry, index) =>
        controlFault(entry, ['spec', 'controls', index]),
      );
    default:
      return [];
  }
}

function aspectFault(id: unknown, path: Path): readonly Fault[] {
  if (typeof id !== 'string' || findAspect(id) !== undefined) {
    return [];
  }
  const control = findControl(id.split('/')[0] ?? '');
  const known = (control?.aspects ?? allAspects()).map((aspect) => aspect.id);
  return [{ path, found: describe(id), expected: suggest(id, known, 'an aspect of the catalogue') }];
}

/** A control that is not in the catalogue is the organisation's own: it has a title, and no id of Annex A's form. */
function controlFault(entry: unknown, path: Path): readonly Fault[] {
  const id = isMapping(entry) ? entry['control'] : undefined;
  if (!isMapping(entry) || typeof id !== 'string' || findControl(id) !== undefined) {
    return [];
  }
  if (entry['title'] !== undefined && !/^A?\.?\d+(?:\.\d+)*$/.test(id)) {
    return [];
  }
  const known = [...catalogue.controls, ...catalogue.clauses].map((control) => control.id);
  const what = 'a control of Annex A, a clause, or an id of your own with a title';
  return [{ path: [...path, 'control'], found: describe(id), expected: suggest(id, known, what) }];
}

function nameFault(name: unknown, known: readonly string[], path: Path, what: string): readonly Fault[] {
  return typeof name !== 'string' || known.includes(name)
    ? []
    : [{ path, found: describe(name), expected: suggest(name, known, `${what} that exists`) }];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
