import { plugins } from '../collectors/registry.ts';
import {
  type AspectCoverage,
  type ControlCoverage,
  coverageStates,
  coverageSums,
  type IdleCheck,
} from '../controls/coverage.ts';
import { count } from '../controls/words.ts';
import { printable } from './output.ts';

const STATE_WIDTH = Math.max(...coverageStates.map(({ length }) => length));

/** Each control with its aspects below it, and what answers them or would. */
export function coverageLines(controls: readonly ControlCoverage[]): readonly string[] {
  return controls.flatMap(({ control, aspects }) => [
    printable(`${control.id}  ${control.title}`),
    ...aspects.flatMap(aspectLines),
    ...(aspects.length === 0 ? [line('blind', 'nothing says how it would be tested')] : []),
  ]);
}

function aspectLines({ id, title, state, checks, attestations, idle, lapsed }: AspectCoverage) {
  const slug = id.slice(id.indexOf('/') + 1);
  const answers = [...checks, ...attestations].join(', ');
  return [
    line(state, `${slug}: ${answers === '' ? title : answers}`),
    ...lapsed.map((name) => line('', `  ${name} expired, or is not yet valid`)),
    ...(checks.length === 0 ? idle.map((one) => line('', `  ${idleText(one)}`)) : []),
  ];
}

function line(state: string, text: string): string {
  return printable(`  ${state.padEnd(STATE_WIDTH)}  ${text}`);
}

function idleText({ check, lacks, absent }: IdleCheck): string {
  if (lacks.length === 0) return `${check} does not compile`;
  if (absent) return `${check} does not apply: ${lacks.join(', ')} declared absent`;
  return `${check} would, with ${lacks.map(kindText).join(', ')}`;
}

/** A kind with what could feed it. */
function kindText(kind: string): string {
  const feeders = [...plugins.values()].flatMap(({ type, datasets }) =>
    datasets.filter(({ kinds }) => kinds.includes(kind)).map(({ name }) => `${type}/${name}`),
  );
  const [first, ...more] = feeders;
  if (first === undefined) return kind;
  return `${kind} (${first}${more.length === 0 ? '' : ` or ${more.length} more`})`;
}

/** Sums for Annex A, for the clauses and for the organisation's own controls, as far as they are among the controls. */
export function sumLines(controls: readonly ControlCoverage[]): readonly string[] {
  const parts = [
    ['controls', controls.filter(({ control }) => control.theme !== 'clause' && control.theme !== 'own')],
    ['clauses', controls.filter(({ control }) => control.theme === 'clause')],
    ['controls of your own', controls.filter(({ control }) => control.theme === 'own')],
  ] as const;
  const told = parts.filter(([, part]) => part.length > 0);
  return [
    '',
    ...told.map(([noun, part]) => {
      const { total, live, recorded, attested, whole, excluded, blind } = coverageSums(part);
      return `${total} ${noun}: ${live} with a live aspect, ${recorded} counting recorded ones, ${attested} counting attested ones; ${whole} answered in every aspect, ${excluded} excluded, ${blind} blind`;
    }),
    aspectSums(controls),
  ];
}

function aspectSums(controls: readonly ControlCoverage[]): string {
  const aspects = controls.flatMap((control) => control.aspects);
  const parts = coverageStates.map(
    (state) => `${aspects.filter((aspect) => aspect.state === state).length} ${state}`,
  );
  return `${count(aspects.length, 'aspect')}: ${parts.join(', ')}`;
}
