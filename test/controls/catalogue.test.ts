import { describe, expect, test } from 'vitest';
import { allAspects, catalogue, findAspect, findControl } from '../../src/controls/catalogue.ts';
import type { Theme } from '../../src/controls/catalogue.ts';

const annexA: readonly (readonly [Theme, number, number])[] = [
  ['organizational', 5, 37],
  ['people', 6, 8],
  ['physical', 7, 14],
  ['technological', 8, 34],
];
const everything = [...catalogue.controls, ...catalogue.clauses];

/** Controls that no system can show anything about, and those for which only registers or people can (facts of the audit review). */
const attestedOnly =
  `A.5.4 A.5.5 A.5.6 A.5.28 A.5.29 A.5.31 A.5.34 A.6.4 A.6.8 A.7.1 A.7.3 A.7.4 A.7.5 A.7.6 A.7.8 A.7.11
  A.7.12 A.8.11 A.8.23 A.8.26 A.8.27`.split(/\s+/);
const recorded =
  `A.5.1 A.5.2 A.5.7 A.5.8 A.5.10 A.5.12 A.5.20 A.5.22 A.5.24 A.5.26 A.5.27 A.5.35 A.5.36 A.5.37 A.6.1 A.6.2 A.6.5
  A.6.6 A.7.2 A.7.10 A.7.13 A.7.14`.split(/\s+/);

describe('the catalogue of Annex A', () => {
  test.each(annexA)(
    'has every control of the %s theme, clause A.%i, %i controls in order',
    (theme, clause, count) => {
      const ids = catalogue.controls.filter((control) => control.theme === theme).map(({ id }) => id);
      expect(ids).toEqual(Array.from({ length: count }, (_, index) => `A.${clause}.${index + 1}`));
    },
  );

  test('has 93 controls and nothing else', () => {
    expect(catalogue.controls).toHaveLength(93);
    expect(new Set(catalogue.controls.map(({ theme }) => theme))).toEqual(
      new Set(annexA.map(([theme]) => theme)),
    );
  });

  test('asks at least two questions of each control', () => {
    const single = catalogue.controls.filter(({ aspects }) => aspects.length < 2).map(({ id }) => id);
    expect(single).toEqual([]);
  });

  test('claims live evidence for exactly the controls that systems can say something about', () => {
    const live = catalogue.controls
      .filter(({ aspects }) => aspects.some(({ basis }) => basis.includes('live')))
      .map(({ id }) => id);
    const expected = catalogue.controls
      .map(({ id }) => id)
      .filter((id) => !attestedOnly.includes(id) && !recorded.includes(id));
    expect(live).toEqual(expected);
    expect(live).toHaveLength(50);
  });

  test('leaves what only people can say to attestations', () => {
    for (const id of attestedOnly) {
      expect(new Set(findControl(id)?.aspects.flatMap(({ basis }) => basis))).toEqual(new Set(['attested']));
    }
  });

  test('puts a second factor under secure authentication alone', () => {
    const about = allAspects().filter(({ id }) => id.includes('second-factor'));
    expect(about.map(({ id }) => id)).toEqual(['A.8.5/second-factor']);
  });
});

describe('the clauses', () => {
  test('cover clauses 4 to 10 in order', () => {
    const ids = catalogue.clauses.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })));
    expect([...new Set(ids.map((id) => id.split('.')[0]))]).toEqual(['4', '5', '6', '7', '8', '9', '10']);
  });

  test('ask about climate change in 4.1, since Amendment 1:2024', () => {
    expect(findControl('4.1')?.description).toMatch(/climate.*Amendment 1:2024/);
    expect(findAspect('4.1/climate')?.basis).toEqual(['recorded', 'attested']);
  });
});

describe('every entry', () => {
  test('has its own id, title and description', () => {
    for (const field of ['id', 'description'] as const) {
      const values = everything.map((control) => control[field].trim());
      expect(values.filter((value) => value === '')).toEqual([]);
      expect(new Set(values).size).toBe(values.length);
    }
    expect(everything.filter(({ title }) => title.trim() === '')).toEqual([]);
  });

  test('keeps its description to one line', () => {
    expect(everything.filter(({ description }) => description.includes('\n'))).toEqual([]);
    expect(everything.filter(({ description }) => !description.endsWith('.'))).toEqual([]);
  });

  test('is found by its id', () => {
    for (const control of everything) expect(findControl(control.id)).toBe(control);
    expect(findControl('A.5.38')).toBeUndefined();
    expect(findControl('constructor')).toBeUndefined();
  });

  test('has aspects', () => {
    expect(everything.filter(({ aspects }) => aspects.length === 0)).toEqual([]);
  });
});

describe('aspects', () => {
  test('have unique ids of control and slug', () => {
    const ids = everything.flatMap(({ aspects }) => aspects.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(allAspects().map(({ id }) => id)).toEqual(ids);
    for (const aspect of allAspects()) {
      expect(aspect.slug).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(aspect.id).toBe(`${aspect.control}/${aspect.slug}`);
    }
  });

  test('say what would evidence them, on which basis, in a fixed order', () => {
    for (const { id, title, evidence, basis } of allAspects()) {
      expect(title, id).toMatch(/\S/);
      expect(evidence, id).toMatch(/\S/);
      expect(basis.length, id).toBeGreaterThan(0);
      expect(basis, id).toEqual((['live', 'recorded', 'attested'] as const).filter((b) => basis.includes(b)));
    }
  });

  test('have distinct titles within a control', () => {
    for (const control of everything) {
      const titles = control.aspects.map(({ title }) => title);
      expect(new Set(titles).size, control.id).toBe(titles.length);
    }
  });

  test.each([
    'A.5.15/grants-by-role',
    'A.5.16/owner',
    'A.5.17/password-policy',
    'A.5.17/rotation',
    'A.5.17/unused-credentials',
    'A.5.18/dormant',
    'A.5.18/removal',
    'A.5.18/review',
    'A.8.2/administrators-few',
    'A.8.2/administrators-named',
    'A.8.2/root-protected',
    'A.8.5/second-factor',
  ])('include %s, which the product’s own checks answer from live evidence', (id) => {
    expect(findAspect(id)?.basis).toContain('live');
  });

  test('are not found by anything but their full id', () => {
    expect(findAspect('A.5.18')).toBeUndefined();
    expect(findAspect('A.5.18/')).toBeUndefined();
    expect(findAspect('removal')).toBeUndefined();
  });
});
