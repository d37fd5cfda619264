import { z } from 'zod';
import { jcs } from '../evidence/jcs.ts';
import { compareUtf8 } from '../inventory/utf8.ts';

/** What a bundle is made of (docs/adr/0018-bundle.md): names, their order, and the forms of the files that are not derived. */

export const MANIFEST = 'manifest.json';
export const MANIFEST_NOTE = 'manifest.note';
export const SUMS = 'SHA256SUMS';
export const ENVELOPES = 'envelopes.jsonl';
export const PROOFS = 'proofs.jsonl';
export const FRONTIER = 'log/frontier.json';
export const CONSISTENCY = 'log/consistency.json';
export const AUTHORITIES = 'tsa/ca.pem';
export const TRUSTED_ROOT = 'trusted_root.json';
export const VERIFY_SCRIPT = 'verify.sh';

/** Files that follow from Evidence and Question alone: all of them are in every bundle. */
export const DERIVED: readonly string[] = [
  'README.md',
  'report.html',
  'scope.csv',
  'soa.csv',
  'controls.csv',
  'verdicts.csv',
  'deviations.csv',
  'exceptions.csv',
  'attestations.csv',
  'runs.csv',
  'coverage.csv',
  'config-changes.csv',
  'evidence/index.csv',
  'inventory.sqlite',
];

/**
 * Of the derived files and of verify.sh, which no signed format holds still: raised whenever one of them changes. A bundle of another revision is
 * verified but for these, which rest on its manifest then.
 */
export const REVISION = 4;

/** How the ZIP is written: its framing follows from this, the names, and the lengths and checksums of the entries. */
export const ZIP = { level: 1, date: new Date('1980-01-01T00:00:00Z'), mode: 0o644 } as const;

const HEX = '[0-9a-f]{64}';
const SIZE = '(?:0|[1-9][0-9]{0,15})';
/** The order of files: as here, and by the bytes of the name where one place stands for many. */
const order: readonly (string | RegExp)[] = [
  ...DERIVED.slice(0, 2),
  MANIFEST,
  MANIFEST_NOTE,
  SUMS,
  ...DERIVED.slice(2, -1),
  new RegExp(`^evidence/${HEX}\\.ndjson$`),
  ...DERIVED.slice(-1),
  ENVELOPES,
  PROOFS,
  FRONTIER,
  CONSISTENCY,
  new RegExp(`^log/checkpoints/${SIZE}(?:\\.[a-z0-9][a-z0-9-]{0,62}\\.tsr|\\.sigs)?$`),
  new RegExp(`^keys/${HEX}\\.pem$`),
  new RegExp(`^tsa/${HEX}\\.pem$`),
  AUTHORITIES,
  TRUSTED_ROOT,
  VERIFY_SCRIPT,
];

/** The place of a file in the order; undefined for what no bundle holds. */
export function placeOf(name: string): number | undefined {
  const place = order.findIndex((one) => (typeof one === 'string' ? one === name : one.test(name)));
  return place < 0 ? undefined : place;
}

/** Sorts the names of a bundle's files as the ZIP has them. */
export function compareNames(one: string, other: string): number {
  return (placeOf(one) ?? order.length) - (placeOf(other) ?? order.length) || compareUtf8(one, other);
}

/** Where the body with this digest is. */
export function bodyName(sha256: string): string {
  return `evidence/${sha256}.ndjson`;
}

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
const count = z.int().nonnegative();
const text = z.string().min(1);

const questionSchema = z
  .strictObject({
    from: z.int(),
    to: z.int(),
    controls: z.array(text).min(1).readonly().nullable(),
    collectors: z.array(text).min(1).readonly().nullable(),
    at: z.int().positive(),
  })
  .refine(({ from, to }) => from < to, 'expected a period that ends after it begins')
  .refine(({ controls, collectors }) => isSorted(controls) && isSorted(collectors), 'expected sorted names');

export const manifestSchema = z.strictObject({
  apiVersion: z.literal('annexa.dev/bundle/v1'),
  /** REVISION of the version that wrote it. */
  revision: z.int().positive(),
  origin: text,
  sample: z.boolean(),
  question: questionSchema,
  range: z.strictObject({ first: count, end: count }),
  /** SHA-256 of the signed note at `question.at`. */
  checkpoint: digest,
  agent: z.strictObject({ version: text, build: text }),
  /** Every file but the manifest, its note and SHA256SUMS, by the bytes of its name. */
  files: z.array(z.strictObject({ name: text, bytes: count, sha256: digest })).readonly(),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestFile = Manifest['files'][number];

/** The one line of manifest.json, in pieces: RFC 8785, so that the files come between `checkpoint` and `origin`. */
export function* manifestPieces(
  head: Omit<Manifest, 'files'>,
  files: Iterable<ManifestFile>,
): Generator<string> {
  const { agent, apiVersion, checkpoint, ...rest } = head;
  yield `${jcs({ agent, apiVersion, checkpoint }, MANIFEST).slice(0, -1)},"files":[`;
  let separator = '';
  for (const file of files) {
    yield separator + jcs(file, MANIFEST);
    separator = ',';
  }
  yield `],${jcs(rest, MANIFEST).slice(1)}\n`;
}

/** What manifest.note signs, under the log's origin by the key of its checkpoints. `sha256`: of manifest.json, hex. */
export function manifestNoteText(origin: string, sha256: string): string {
  return `annexa-bundle/v1\n${origin}\n${sha256}\n`;
}

/** A line of SHA256SUMS, as sha256sum writes it. */
export function sumLine(name: string, sha256: string): string {
  return `${sha256}  ${name}\n`;
}

/** A line of envelopes.jsonl. `envelope` is the DSSE envelope as stored: canonical JSON. */
export function envelopeLine(index: number, envelope: Uint8Array): string {
  return `{"index":${index},"envelope":${Buffer.from(envelope).toString('utf8')}}\n`;
}

/** What envelopeLine wrote (without its LF); undefined for any other text. The envelope is not parsed. */
export function parseEnvelopeLine(
  line: string,
): { readonly index: number; readonly envelope: Uint8Array } | undefined {
  const match = /^\{"index":(0|[1-9]\d{0,15}),"envelope":(\{.*\})\}$/.exec(line);
  if (match === null) return undefined;
  return { index: Number(match[1]), envelope: Buffer.from(match[2] ?? '') };
}

const base64 = z.base64();
const hash = base64.length(44);

/** A line of proofs.jsonl: the audit path of an entry (RFC 6962 2.1.1) in the checkpoint of a size, base64. */
export const proofSchema = z.strictObject({ index: count, size: count, hashes: z.array(hash) });
export type Proof = z.output<typeof proofSchema>;

export function proofLine({ index, size, hashes }: Proof): string {
  return `${JSON.stringify({ index, size, hashes })}\n`;
}

/** log/frontier.json: roots of the perfect subtrees of the first `size` leaves, largest first, base64. */
export const frontierSchema = z.strictObject({ size: count, hashes: z.array(hash) });
export type FrontierFile = z.output<typeof frontierSchema>;

/** log/consistency.json: RFC 6962 2.1.2 between each included checkpoint and the next larger one, base64. */
export const consistencySchema = z.array(z.strictObject({ from: count, to: count, hashes: z.array(hash) }));
export type ConsistencyFile = z.output<typeof consistencySchema>;

/** How the JSON files of the log are written: one line. Compare bytes after parsing, so that there is one spelling. */
export function jsonFile(value: FrontierFile | ConsistencyFile): string {
  return `${JSON.stringify(value)}\n`;
}

function isSorted(names: readonly string[] | null): boolean {
  return names === null || names.every((name, at) => at === 0 || compareUtf8(names[at - 1] ?? '', name) < 0);
}
