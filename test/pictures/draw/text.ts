const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

/** Grafana's names for colours, in shades that can be read on white. */
const shades: Readonly<Record<string, string>> = {
  green: '#4d9f45',
  blue: '#3274d9',
  yellow: '#e0b400',
  orange: '#f07a1a',
  red: '#e02f44',
  'dark-red': '#a3141f',
  gray: '#9a9fa6',
  text: '#24292e',
};

const classic = [
  '#4d9f45',
  '#e0b400',
  '#3274d9',
  '#f07a1a',
  '#e02f44',
  '#8f3bb8',
  '#37872d',
  '#b877d9',
  '#ff9830',
  '#5794f2',
  '#806eb7',
  '#56a64b',
];

/** A colour by name; without one, that of a place in the palette. */
export function shade(name: string | undefined, place = 0): string {
  if (name === undefined) return classic[place % classic.length] ?? '#24292e';
  const found = shades[name];
  if (found === undefined) throw new Error(`no shade is chosen for the colour ${name}`);
  return found;
}

/** A value in a panel's unit, as Grafana words it. `now`: Unix seconds. */
export function inUnit(value: number, unit: string, now: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (unit === 'short') return short(value);
  if (unit === 'percentunit') return `${trimmed(value * 100, 1)}%`;
  if (unit === 'dateTimeFromNow') return fromNow(value / 1000 - now);
  if (unit === 's') return span(value);
  if (unit === 'bytes') return `${trimmed(value / 2 ** 20, 0)} MiB`;
  throw new Error(`no words are chosen for the unit ${unit}`);
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function short(value: number): string {
  return value >= 1000 ? `${trimmed(value / 1000, 2)} K` : trimmed(value, 2);
}

const spans = [
  [86_400 * 365, 'year'],
  [86_400 * 30, 'month'],
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

function fromNow(seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 60) return 'a few seconds ago';
  const [length, name] = spans.find(([length]) => size >= length) ?? spans[5];
  const count = Math.round(size / length);
  const words = `${count} ${name}${count === 1 ? '' : 's'}`;
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

function span(seconds: number): string {
  if (seconds < 1) return `${trimmed(seconds * 1000, 0)} ms`;
  const [length, name] = spans.slice(2).find(([length]) => seconds >= length) ?? spans[5];
  const count = trimmed(seconds / length, 1);
  return length === 1 ? `${count} s` : `${count} ${name}${count === '1' ? '' : 's'}`;
}
