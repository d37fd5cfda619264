import { isDeepStrictEqual } from 'node:util';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ExposedFamily {
  readonly type: string;
  readonly help: string;
  readonly series: Series[];
}

export type Families = ReadonlyMap<string, ExposedFamily>;

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = String.raw`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"`;
const helpLine = new RegExp(String.raw`^# HELP (${name}) ((?:[^\\\n]|\\[\\n])*)$`);
const typeLine = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram|summary|untyped)$`);
const sampleLine = new RegExp(String.raw`^(${name})(?:\{(${label}(?:,${label})*)\})? (\S+)$`);
const number = /^(?:[+-]?Inf|NaN|[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)$/;

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function readLabels(text: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const [, key = '', value = ''] of text.matchAll(new RegExp(label, 'g'))) {
    if (key in labels) throw new Error(`label ${key} twice: ${line}`);
    labels[key] = unescape(value);
  }
  return labels;
}

function addSample(families: ReadonlyMap<string, ExposedFamily>, current: string, line: string): void {
  const match = sampleLine.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, sampleName = '', labelText = ''] = match;
  const value = match.at(-1) ?? '';
  if (sampleName !== current) throw new Error(`a sample outside its family: ${line}`);
  if (!number.test(value)) throw new Error(`not a number: ${line}`);
  const labels = readLabels(labelText, line);
  const series = families.get(sampleName)?.series ?? [];
  if (series.some((one) => isDeepStrictEqual(one.labels, labels))) {
    throw new Error(`a series twice: ${line}`);
  }
  series.push({ labels, value: Number(value) });
}

/**
 * Reads the Prometheus text format 0.0.4, strictly: HELP and TYPE before the samples of a family, families not scattered, no
 * series twice, LF at the end. Throws with the line that is not so.
 */
export function parseExposition(text: string): Families {
  if (!text.endsWith('\n')) throw new Error('the last line has no line end');
  const families = new Map<string, ExposedFamily>();
  let help: RegExpExecArray | null = null;
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) {
      help = helpLine.exec(line);
      if (help === null) throw new Error(`not a help text: ${line}`);
    } else if (line.startsWith('# TYPE ')) {
      const type = typeLine.exec(line);
      current = type?.[1] ?? '';
      if (type === null || help?.[1] !== current) throw new Error(`a type without its help: ${line}`);
      if (families.has(current)) throw new Error(`a family twice: ${line}`);
      families.set(current, { type: type[2] ?? '', help: unescape(help[2] ?? ''), series: [] });
    } else {
      addSample(families, current, line);
    }
  }
  return families;
}

/** The series of a family that have these labels. */
export function seriesOf(
  families: Families,
  family: string,
  labels: Readonly<Record<string, string>> = {},
): readonly Series[] {
  const wanted = Object.entries(labels);
  const all = families.get(family)?.series ?? [];
  return all.filter((one) => wanted.every(([key, value]) => one.labels[key] === value));
}

/** The value of the one series with these labels; undefined when there is none. */
export function valueOf(
  families: Families,
  family: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = seriesOf(families, family, labels);
  if (found.length > 1) throw new Error(`${family}: ${found.length} series`);
  return found[0]?.value;
}
