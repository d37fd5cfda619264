import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { CsvError, type Info, parse } from 'csv-parse';
import { CollectorError } from '../error.ts';

export interface Row {
  /** As a spreadsheet counts: the header is row 1. */
  readonly number: number;
  /** Without white space around them. */
  readonly values: readonly string[];
}

/** What is known of the bytes once they have been read to their end. */
export interface FileFacts {
  sha256: string;
  bytes: number;
  /** Whether the last row ended with a line end. */
  ended: boolean;
}

const maxRowLength = 64 * 1024;

/**
 * The rows of a CSV (RFC 4180) in UTF-8, header included; `facts` are filled in at the end. Rejects with a CollectorError (`malformed`) that
 * names row and column, never a value: bytes that are not UTF-8, a quote that isn't closed, a row with another number of columns, a file larger
 * than `maxBytes`.
 */
export async function* readRows(
  bytes: AsyncIterable<Uint8Array>,
  options: { readonly delimiter: string; readonly maxBytes: number },
  facts: FileFacts,
): AsyncGenerator<Row, void, undefined> {
  const parser = parse({
    delimiter: options.delimiter,
    columns: false,
    info: true,
    trim: true,
    skip_empty_lines: true,
    max_record_size: maxRowLength,
  });
  const source = Readable.from(decode(bytes, options.maxBytes, facts));
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    const records: AsyncIterable<{ record: string[]; info: Info }> = parser;
    for await (const { record, info } of records) {
      yield { number: info.records + info.empty_lines, values: record };
    }
  } catch (error) {
    throw error instanceof CsvError ? malformed(error) : error;
  } finally {
    source.destroy();
  }
}

/** The text of UTF-8, piece by piece; `facts` are filled in as `readRows` does. */
export async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
  facts: FileFacts,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    facts.bytes += chunk.length;
    if (facts.bytes > maxBytes) {
      throw new CollectorError('malformed', `the file is larger than ${maxBytes} bytes (maxBytes)`);
    }
    hash.update(chunk);
    if (chunk.length > 0) {
      facts.ended = chunk.at(-1) === 0x0a || chunk.at(-1) === 0x0d;
    }
    yield* decoded(decoder, chunk, facts.bytes);
  }
  yield* decoded(decoder, undefined, facts.bytes);
  facts.sha256 = hash.digest('hex');
}

function* decoded(decoder: TextDecoder, chunk: Uint8Array | undefined, read: number): Generator<string> {
  let text: string;
  try {
    text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new CollectorError('malformed', `the file is not UTF-8, at or before byte ${read}`);
  }
  if (text !== '') {
    yield text;
  }
}

const problems: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'expected as many columns as the header has',
  CSV_QUOTE_NOT_CLOSED: 'expected a quote that closes the last one: the file may be cut',
  CSV_MAX_RECORD_SIZE: `expected a row of at most ${maxRowLength} characters`,
  CSV_INVALID_CLOSING_QUOTE: 'expected the delimiter after a closing quote',
  INVALID_OPENING_QUOTE: 'expected a value quoted as a whole, or not at all',
};

/** The parser's own message, and the error, hold values: neither is passed on. */
function malformed(error: CsvError): CollectorError {
  const line: unknown = Reflect.get(error, 'lines');
  const place = typeof line === 'number' ? `line ${line}: ` : '';
  return new CollectorError('malformed', `${place}${problems[error.code] ?? error.code}`);
}
