import { clauses } from './catalogue/clauses.ts';
import type { AspectData, Basis, ControlData } from './catalogue/data.ts';
import { organizational } from './catalogue/organizational.ts';
import { people } from './catalogue/people.ts';
import { physical } from './catalogue/physical.ts';
import { technological } from './catalogue/technological.ts';

export type { Basis };

/** The four themes of Annex A; `clause` for the requirements of clauses 4 to 10. */
export type Theme = 'organizational' | 'people' | 'physical' | 'technological' | 'clause';

export interface Aspect extends AspectData {
  /** `<control>/<slug>`, such as `A.5.18/removal`. */
  readonly id: string;
  /** The control's id. */
  readonly control: string;
}

export interface Control {
  /** `A.5.18`, or the number of a clause such as `9.2.1`. */
  readonly id: string;
  /** The standard's own short title. */
  readonly title: string;
  readonly theme: Theme;
  /** One line in our own words, for people who don't have the standard at hand. */
  readonly description: string;
  /** Never empty. A control is as good as the worst of them. */
  readonly aspects: readonly Aspect[];
}

/**
 * ISO/IEC 27001:2022 with Amendment 1:2024: the 93 controls of Annex A (A.5.1 to A.8.34) and the requirements of clauses 4 to 10,
 * each in the standard's order.
 */
export const catalogue: { readonly controls: readonly Control[]; readonly clauses: readonly Control[] } = {
  controls: [
    ...build('organizational', organizational),
    ...build('people', people),
    ...build('physical', physical),
    ...build('technological', technological),
  ],
  clauses: build('clause', clauses),
};

const everything = [...catalogue.controls, ...catalogue.clauses];
const controlsById = new Map(everything.map((control) => [control.id, control]));
const aspectsById = new Map(
  everything.flatMap((control) => control.aspects.map((aspect) => [aspect.id, aspect])),
);

/** A control of Annex A (`A.5.18`) or a clause (`9.2.1`). */
export function findControl(id: string): Control | undefined {
  return controlsById.get(id);
}

/** An aspect by its full id, such as `A.5.18/removal`. */
export function findAspect(id: string): Aspect | undefined {
  return aspectsById.get(id);
}

/** Every aspect, of Annex A first, in the standard's order. */
export function allAspects(): readonly Aspect[] {
  return [...aspectsById.values()];
}

function build(theme: Theme, data: readonly ControlData[]): readonly Control[] {
  return data.map((control) => ({
    ...control,
    theme,
    aspects: control.aspects.map((aspect) => ({
      ...aspect,
      id: `${control.id}/${aspect.slug}`,
      control: control.id,
    })),
  }));
}
