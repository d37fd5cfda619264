import { CollectorError } from '../error.ts';
import { decode, type FileFacts } from '../exports/csv.ts';
import type { Entry } from './cell.ts';
import { statedIn } from './record.ts';
import { columnsOf, type Section } from './section.ts';
import type { Clock } from './times.ts';
import { keyedEntry, listAt, mappingAt, MAX_YAML, parseYaml } from './yaml.ts';

/** The items of a YAML file, and its own time when `asOf` names a key beside them. Rejects (`incomplete`) when it doesn't end with a line end. */
export async function readYamlFile(
  bytes: AsyncIterable<Uint8Array>,
  section: Section,
  clock: Clock,
  facts: FileFacts,
): Promise<{ readonly asOf: number | undefined; readonly entries: readonly Entry[] }> {
  const text = await wholeText(bytes, Math.min(section.maxBytes, MAX_YAML), facts);
  if (!facts.ended)
    throw new CollectorError('incomplete', 'the file may have been cut; expected a line end at its end');
  const { root, lineOf } = parseYaml(text, 'the file');
  const columns = columnsOf(section);
  const entries = listAt(root, section.list, 'the file').map((node, index) => {
    const place = `item ${index + 1} (line ${lineOf(node)})`;
    return keyedEntry(mappingAt(node, place), place, columns);
  });
  const { asOf } = section;
  if (asOf === undefined || !('key' in asOf)) return { asOf: undefined, entries };
  return { asOf: keyTime(root, 'the file', asOf.key, clock), entries };
}

/** The time that a key of the mapping at the root states. */
export function keyTime(root: unknown, place: string, key: string, clock: Clock): number {
  const columns = new Map([[key, { optional: false }]]);
  return statedIn(keyedEntry(mappingAt(root, place), place, columns), key, clock);
}

/** All of the text. Rejects (`malformed`) for more than `maxBytes`, and for what isn't UTF-8. */
export async function wholeText(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
  facts: FileFacts,
): Promise<string> {
  let text = '';
  for await (const part of decode(bytes, maxBytes, facts)) text += part;
  return text;
}
