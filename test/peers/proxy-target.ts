import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';

/** Stands for every host: notes who was asked for what, and refuses. `proxy-target.ts KEY CERTIFICATE LOG`, on the loopback's port 443. */
const [key = '', certificate = '', log = ''] = process.argv.slice(2);
const server = createServer(
  { key: readFileSync(key), cert: readFileSync(certificate) },
  (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const action = /\bAction=(\w+)/.exec(body)?.[1] ?? '';
      appendFileSync(log, `${request.headers.host} ${request.url} ${action}\n`);
      response.writeHead(403, { 'content-type': 'application/json', date: new Date().toUTCString() });
      response.end('{}');
    });
  },
);
server.listen(443, '127.0.0.1', () => process.stdout.write('listens\n'));
