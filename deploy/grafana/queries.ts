import { AGENT } from './variables.ts';

/** A family of the agents that were chosen, several scrapes of one series counted once. */
export function series(family: string, labels: string, matchers = ''): string {
  return `max by (${labels}) (annexa_${family}{${AGENT}${matchers === '' ? '' : `, ${matchers}`}})`;
}

const CHOSEN = 'theme=~"$theme", owner=~"$owner"';

/** Of an expression over `control`, those of the chosen themes and owners. The labels are added to it. */
export function ofControls(expression: string, labels = ''): string {
  const info = `topk by (control) (1, annexa_control_info{${AGENT}, ${CHOSEN}})`;
  return `${expression} * on (control) group_left (${labels}) ${info}`;
}

/** Of an expression over `check`, those that answer to the chosen themes and owners; each check once. */
export function ofChecks(expression: string): string {
  const chosen = ofControls(series('check_control_info', 'check, control'));
  return `${expression} * on (check) group_left (title, severity) topk by (check) (1, annexa_check_info{${AGENT}}) and on (check) ${chosen}`;
}

/** Those that bear on controls of the chosen themes and owners, one line for each owner. */
export function ofLinked(name: 'exception' | 'attestation', expression: string): string {
  const links = series(`${name}_control_info`, `${name}, control`);
  return `max by (${name}, owner) (${ofControls(`${links} * on (${name}) group_left () ${expression}`, 'owner')})`;
}

/** Moments of the chosen period at which the expression had each of its series, of all moments. */
export function shareOfPeriod(expression: string): string {
  return `sum_over_time((${expression})[$__range:$__interval]) / on () group_left () count_over_time(vector(1)[$__range:$__interval])`;
}
