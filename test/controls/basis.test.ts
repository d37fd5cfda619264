import { describe, expect, test } from 'vitest';
import { basisOf } from '../../src/controls/basis.ts';
import { builtinChecks } from '../../src/controls/builtin.ts';
import { findAspect } from '../../src/controls/catalogue.ts';
import { checkManifest } from '../../src/controls/check.ts';

const checks = (await builtinChecks()).map((check) => checkManifest.parse(check));

describe('the basis of a check', () => {
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
