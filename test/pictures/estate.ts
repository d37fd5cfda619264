import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { startEstate } from '../../src/sample/estate.ts';
import { accountChanges, REFUSED, type AccountChange, type Month } from './story.ts';

const recording = z.looseObject({
  recordedAt: z.string(),
  exchanges: z.array(z.looseObject({ body: z.string() })),
});

/** The sample estate through the month, at one address. */
export interface MonthEstate extends AsyncDisposable {
  readonly url: string;
  /** Shows it as it stands at an instant. */
  show(now: number): Promise<void>;
}

const DENIED = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error><RequestId>0</RequestId></ErrorResponse>`;

export async function startMonthEstate(directory: string, month: Month): Promise<MonthEstate> {
  const folder = join(directory, 'estate');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'estate.json'), JSON.stringify({ recordings: ['aws.json'], files: [] }));
  const recorded = recording.parse(JSON.parse(await readFile('examples/acme/estate/aws.json', 'utf8')));
  const shift = month.start - Date.parse(recorded.recordedAt) / 1000;
  let behind: Awaited<ReturnType<typeof startEstate>> | undefined;
  let refused = false;
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = await request.toArray();
      if (refused || behind === undefined) {
        response.writeHead(403, { 'content-type': 'text/xml' }).end(DENIED);
        return;
      }
      const answer = await fetch(behind.url, { method: 'POST', body: Buffer.concat(chunks) });
      const type = answer.headers.get('content-type') ?? 'text/xml';
      response.writeHead(answer.status, { 'content-type': type, date: answer.headers.get('date') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP port was asked for');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async show(now) {
      await behind?.close();
      const done = accountChanges.filter(({ day }) => changedAt(month, day) <= now);
      const exchanges = recorded.exchanges.map((exchange) => ({
        ...exchange,
        body: edited(exchange.body, done, (day) => changedAt(month, day) - shift),
      }));
      await writeFile(join(folder, 'aws.json'), JSON.stringify({ ...recorded, exchanges }));
      refused = month.day(REFUSED[0]) <= now && now < month.day(REFUSED[1]);
      behind = await startEstate(folder, { now: month.start * 1000, clock: () => now * 1000 });
    },
    async [Symbol.asyncDispose]() {
      await behind?.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

const changedAt = (month: Month, day: string): number => month.day(`${day}T10:00:00Z`);

/** The answer with the credential report as people left it. `at`: a day of the story in the recording's time. */
function edited(body: string, done: readonly AccountChange[], at: (day: string) => number): string {
  return body.replace(
    /(<Content>)([^<]+)(<\/Content>)/,
    (_, before: string, content: string, after: string) => {
      const [header = '', ...rows] = Buffer.from(content, 'base64').toString('utf8').split('\n');
      const columns = header.split(',');
      const changed = rows.map((row) => {
        const cells = row.split(',');
        for (const { user, change, day } of done)
          if (cells[0] === user) alter(cells, columns, change, at(day));
        return cells.join(',');
      });
      return `${before}${Buffer.from([header, ...changed].join('\n')).toString('base64')}${after}`;
    },
  );
}

function alter(
  cells: string[],
  columns: readonly string[],
  change: AccountChange['change'],
  at: number,
): void {
  const set = (column: string, value: string): void => {
    cells[columns.indexOf(column)] = value;
  };
  const instant = new Date(at * 1000).toISOString().replace('.000Z', '+00:00');
  if (change === 'second factor') set('mfa_active', 'true');
  if (change === 'new key') {
    set('access_key_1_last_rotated', instant);
    set('access_key_1_last_used_date', instant);
  }
  if (change === 'no password') {
    set('password_enabled', 'false');
    set('password_last_used', 'N/A');
    set('password_last_changed', 'N/A');
    set('password_next_rotation', 'N/A');
  }
}
