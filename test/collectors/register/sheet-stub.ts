import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { sheets_v4 } from '@googleapis/sheets';
import { z } from 'zod';

type Cell = string | number | boolean;
/** As https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values/batchGet describes it. */
export type Answer = sheets_v4.Schema$BatchGetValuesResponse;

export type Operation = 'oauth2.token' | 'sheets.spreadsheets.values.batchGet';
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export const spreadsheet = '1abcDEF_ghi-JKL';
const address = 'reader@acme.iam.gserviceaccount.com';
const token = 'ya29.of-the-stub';
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** The key of a service account that the stub knows. */
export const key = JSON.stringify({
  type: 'service_account',
  client_email: address,
  private_key: privateKey,
});

export interface Stub extends AsyncDisposable {
  readonly endpoint: string;
  readonly seen: Operation[];
}

export interface StubOptions {
  /** The cells by sheet, each as high and wide as `grid` says. */
  readonly cells: Readonly<Record<string, readonly (readonly Cell[])[]>>;
  readonly grid?: { readonly rows: number; readonly columns: number };
  /** Answers instead, by operation. */
  readonly instead?: Partial<Record<Operation, Handler>>;
  /** Makes another answer of the right one. */
  readonly change?: (answer: Answer) => unknown;
}

/** Google's token endpoint and the values of one spreadsheet, on loopback. */
export async function startSheets(options: StubOptions): Promise<Stub> {
  const seen: Operation[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://stub');
    const operation = url.pathname === '/token' ? 'oauth2.token' : 'sheets.spreadsheets.values.batchGet';
    seen.push(operation);
    const instead = options.instead?.[operation];
    if (instead !== undefined) instead(request, response);
    else if (operation === 'oauth2.token') void answerToken(request, response);
    else answerValues(options, url, request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  return {
    endpoint: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
}

/** An error as https://cloud.google.com/apis/design/errors describes it. */
export function refusal(status: number, name: string): Handler {
  const error = { code: status, message: 'told to nobody', status: name };
  return (_, response) => json(response, status, { error });
}

const claims = z.object({
  iss: z.literal(address),
  aud: z.literal('https://oauth2.googleapis.com/token'),
  scope: z.literal('https://www.googleapis.com/auth/spreadsheets.readonly'),
});

async function answerToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const form = new URLSearchParams(body);
  const [head = '', payload = '', signature = ''] = (form.get('assertion') ?? '').split('.');
  const signed = verify(
    'sha256',
    Buffer.from(`${head}.${payload}`),
    createPublicKey(publicKey),
    Buffer.from(signature, 'base64url'),
  );
  const told = claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}'));
  const grant = form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  if (request.method === 'POST' && grant && signed && told.success)
    json(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 3599 });
  else json(response, 400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' });
}

function answerValues(
  { cells, grid = { rows: 1000, columns: 26 }, change = (answer) => answer }: StubOptions,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.headers.authorization !== `Bearer ${token}`) {
    refusal(401, 'UNAUTHENTICATED')(request, response);
    return;
  }
  const asked = url.searchParams;
  const rendered = [asked.get('valueRenderOption'), asked.get('dateTimeRenderOption')].join();
  const path = `/v4/spreadsheets/${spreadsheet}/values:batchGet`;
  const ranges = asked.getAll('ranges').map((range) => valuesIn(range, cells, grid));
  if (request.method !== 'GET' || url.pathname !== path) refusal(404, 'NOT_FOUND')(request, response);
  else if (ranges.includes(undefined) || rendered !== 'UNFORMATTED_VALUE,SERIAL_NUMBER')
    refusal(400, 'INVALID_ARGUMENT')(request, response);
  else
    json(
      response,
      200,
      change({ spreadsheetId: spreadsheet, valueRanges: ranges.filter((range) => range !== undefined) }),
    );
}

/** The range as the answer states it: to the end of the grid; its values without what is empty at the end. */
function valuesIn(
  range: string,
  cells: StubOptions['cells'],
  grid: NonNullable<StubOptions['grid']>,
): sheets_v4.Schema$ValueRange | undefined {
  const [, sheet = '', from = 'A', first = '', to = from, last] =
    /^'?(.+?)'?!([A-Z])(\d*)(?::([A-Z])(\d*))?$/.exec(range) ?? [];
  const table = cells[sheet];
  const column = (letter: string): number => letter.charCodeAt(0) - 65;
  if (table === undefined || column(to) >= grid.columns) return undefined;
  const start = Number(first || 1);
  const end = range.includes(':') ? Number(last || grid.rows) : start;
  const covered = `${sheet}!${from}${start}${range.includes(':') ? `:${to}${end}` : ''}`;
  const values = table
    .slice(start - 1, end)
    .map((row) => trimmed(row.slice(column(from), column(to) + 1), (cell) => cell === ''));
  const told = trimmed(values, (row) => row.length === 0);
  return { range: covered, majorDimension: 'ROWS', ...(told.length > 0 && { values: told }) };
}

function trimmed<T>(items: readonly T[], isEmpty: (item: T) => boolean): T[] {
  const last = items.findLastIndex((item) => !isEmpty(item));
  return items.slice(0, last + 1);
}
