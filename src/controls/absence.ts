/** Kinds of things that the organisation says it doesn't have (docs/adr/0024). */
export interface Absence {
  readonly kinds: readonly string[];
  readonly reason: string;
  readonly approver: string;
}

/** What declares the kind absent; undefined when nothing does. */
export function absenceOf(absences: readonly Absence[], kind: string): Absence | undefined {
  return absences.find(({ kinds }) => kinds.includes(kind));
}

/** For people, without a full stop. */
export function absenceText({ approver, reason }: Absence): string {
  return `declared absent by ${approver}: ${reason.replace(/\.$/, '')}`;
}
