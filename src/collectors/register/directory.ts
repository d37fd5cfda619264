import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { CollectorContext, Provenance } from '../contract.ts';
import { CollectorError } from '../error.ts';
import type { FileFacts } from '../exports/csv.ts';
import type { Entry } from './cell.ts';
import { attempt, filesIn, type FoundFile } from './files.ts';
import type { Facts, Opened } from './opened.ts';
import { columnsOf, type Section } from './section.ts';
import type { Clock } from './times.ts';
import { keyedEntry, mappingAt, MAX_YAML, parseYaml, type Yaml } from './yaml.ts';
import { keyTime, wholeText } from './yaml-file.ts';

const yaml = /\.ya?ml$/i;
const markdown = /\.(md|markdown)$/i;

/**
 * A directory of files, one entry each. The digest is that of the lines that `sha256sum` writes of the files read, sorted by path. Rejects whole, naming
 * the file, when one can't be read.
 */
export async function openDirectory(
  section: Section,
  clock: Clock,
  context: CollectorContext,
  provenance: Provenance,
  signal: AbortSignal,
): Promise<Opened> {
  const root = resolve(context.directory, section.directory ?? '');
  const endings = section.format === 'yaml' ? yaml : markdown;
  const stating = section.asOf !== undefined && 'file' in section.asOf ? section.asOf : undefined;
  const ignored = new Set(section.ignore);
  provenance.setEndpoint('file:', true);
  provenance.call('read', { throttled: false });
  const found = await filesIn(root, (path) => endings.test(path) || path === stating?.file, signal);
  const files = found.filter(({ path }) => !ignored.has(path));
  const first = files.find(({ path }) => path === stating?.file);
  if (stating !== undefined && first === undefined)
    throw new CollectorError('configuration', `asOf: there is no file ${stating.file} in the directory`);
  const reader = new DirectoryReader(section.maxBytes, signal);
  const asOf =
    stating && first && keyTime((await reader.read(first)).root, `file ${first.path}`, stating.key, clock);
  return {
    asOf,
    entries: entriesOf(
      files.filter((file) => file !== first),
      section,
      reader,
    ),
    facts: reader.facts,
    async [Symbol.asyncDispose]() {},
  };
}

async function* entriesOf(
  files: readonly FoundFile[],
  section: Section,
  reader: DirectoryReader,
): AsyncGenerator<Entry, void, undefined> {
  const columns = columnsOf(section);
  for (const file of files) {
    const place = `file ${file.path}`;
    const { root } = await reader.read(file);
    yield keyedEntry(mappingAt(root, place), place, columns, file.path.replace(/\.[^./]+$/, ''));
  }
  reader.finish();
}

/** Reads files, and keeps what is sealed of them. */
class DirectoryReader {
  readonly facts: Facts = { sha256: '', bytes: 0, files: 0 };
  readonly #lines = new Map<string, string>();
  readonly #maxBytes: number;
  readonly #signal: AbortSignal;

  /** `maxBytes`: of all files together. */
  constructor(maxBytes: number, signal: AbortSignal) {
    this.#maxBytes = maxBytes;
    this.#signal = signal;
  }

  /** The YAML of a file: all of it, or its front matter. */
  async read({ path, real }: FoundFile): Promise<Yaml> {
    const place = `file ${path}`;
    const facts: FileFacts = { sha256: '', bytes: 0, ended: false };
    const most = Math.min(this.#maxBytes - this.facts.bytes, MAX_YAML);
    const text = await attempt(place, this.#signal, () =>
      wholeText(createReadStream(real, { signal: this.#signal }), most, facts),
    );
    this.facts.bytes += facts.bytes;
    this.#lines.set(path, `${facts.sha256}  ${path}\n`);
    if (markdown.test(path)) return parseYaml(frontMatter(text, place), place);
    if (!facts.ended)
      throw new CollectorError('incomplete', `${place} may have been cut; expected a line end at its end`);
    return parseYaml(text, place);
  }

  finish(): void {
    const lines = [...this.#lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
    this.facts.files = lines.length;
    this.facts.sha256 = createHash('sha256').update(lines.join('')).digest('hex');
  }
}

/** What stands between the line `---` at the beginning and the next such line; its lines keep their numbers. */
function frontMatter(text: string, place: string): string {
  const found = /^---[ \t]*\r?\n([^]*?)^---[ \t]*\r?$/m.exec(text);
  if (found?.index !== 0)
    throw new CollectorError('malformed', `${place}: expected front matter between two lines ---`);
  return `\n${found[1]}`;
}
