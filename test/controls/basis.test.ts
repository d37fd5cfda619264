import { describe, expect, test } from 'vitest';
import { bamboohr } from '../../src/collectors/bamboohr/index.ts';
import { hr } from '../../src/collectors/hr/index.ts';
import { register } from '../../src/collectors/register/index.ts';
import { plugins } from '../../src/collectors/registry.ts';
import { basisOf, recordedKinds } from '../../src/controls/basis.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { findAspect } from '../../src/controls/catalogue.ts';
import { checkManifest } from '../../src/controls/check.ts';

const checks = (await builtinChecks()).map((check) => checkManifest.parse(check));
const registers = [bamboohr, hr, register];

describe('the basis of a check', () => {
  test.each(registers)('what $type reports is recorded', ({ datasets }) => {
    const kinds = datasets.flatMap((dataset) => dataset.kinds);
    expect(kinds.filter((kind) => !recordedKinds.has(kind))).toEqual([]);
  });

  test('what the systems report is live', () => {
    const systems = [...plugins.values()].filter(
      ({ type }) => !registers.some((other) => other.type === type),
    );
    expect(systems.length).toBeGreaterThan(3);
    const kinds = systems.flatMap(({ datasets }) => datasets.flatMap((dataset) => dataset.kinds));
    expect(kinds.filter((kind) => recordedKinds.has(kind))).toEqual([]);
  });

  test.each(checks)('$metadata.name answers aspects that its evidence can show', (check) => {
    const others = check.spec.aspects.filter((id) => !findAspect(id)?.basis.includes(basisOf(check)));
    expect(others).toEqual([]);
  });

  test('leavers held against the systems are live, acknowledgements held against HR are recorded', () => {
    const basis = (name: string) => checks.filter(({ metadata }) => metadata.name === name).map(basisOf);
    expect(basis('leaver-accounts')).toEqual(['live']);
    expect(basis('policies-acknowledged')).toEqual(['recorded']);
  });
});
