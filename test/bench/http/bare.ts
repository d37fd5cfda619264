import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

// Forked: answers everything with the payload that it is given, and nothing more than node:http itself does. Tells that it is there, then its port and process.

process.send?.('ready');
const asked: unknown[] = await once(process, 'message');
const { payload } = z.object({ payload: z.string() }).parse(asked[0]);
const body = Buffer.from(payload);
const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length };
const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address
process.send?.({ port: (server.address() as AddressInfo).port, pid: process.pid });
