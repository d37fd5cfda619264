import type { CompiledQuery } from '../inventory/query-contract.ts';
import { findAspect } from './catalogue.ts';
import { type Check, paramText } from './check.ts';
import { durationText } from './words.ts';

/** What a check looks at, decides and shows, as text for people: aspects, deadline, parameters, SQL, tables read, rationale. */
export function explainCheck(check: Check, compiled: CompiledQuery): string {
  const { metadata, spec } = check;
  const sections = [
    `${metadata.name}: ${spec.title}`,
    list('Answers', spec.aspects.map(aspectLine)),
    [
      `Severity  ${spec.severity}`,
      `Nature    ${spec.nature === 'event' ? 'event: every one of a period' : 'state: how it is now'}`,
      `Within    ${durationText(spec.within)}: a deviation that stands longer is overdue`,
      `Empty     ${spec.empty}: the outcome when there is nothing to examine`,
    ].join('\n'),
    list(
      'Parameters',
      Object.entries(spec.params).map(([name, param]) => paramText(name, param)),
    ),
    list('Reads', [
      `tables ${compiled.tables.join(', ')}`,
      `kinds ${compiled.kinds.join(', ')}: each must be collected and fresh`,
      ...(compiled.nullable.length === 0
        ? []
        : [
            `unknown when the source can't say: ${compiled.nullable.map((column) => `it.${column}`).join(', ')}`,
          ]),
    ]),
    list('SQL', sqlLines(check)),
    `Rationale\n${wrap(spec.rationale)}`,
    `Remediation\n${wrap(spec.remediation)}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function aspectLine(id: string): string {
  const aspect = findAspect(id);
  return aspect === undefined ? id : `${id}  ${aspect.title}`;
}

/** Without the line breaks and indents of the manifest: the same text as an auditor would give to sqlite3. */
function sqlLines({ spec }: Check): readonly string[] {
  return [
    `FROM ${spec.kind} AS it`,
    ...(spec.where === undefined ? [] : [`WHERE ${spec.where.trim()}`]),
    `FAILS WHEN ${spec.fails.trim()}`,
    `REASON ${spec.reason.trim()}`,
  ];
}

function list(title: string, lines: readonly string[]): string {
  const shown = lines.length === 0 ? ['none'] : lines;
  return `${title}\n${shown.map((line) => `  ${line.replaceAll('\n', '\n  ')}`).join('\n')}`;
}

/** Breaks text into indented lines of at most 100 characters, where its words allow. */
function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 98) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.map((line) => `  ${line}`).join('\n');
}
