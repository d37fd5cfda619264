import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  askedWith,
  type Fault,
  type FaultKind,
  type Faults,
  refusal,
  refusedAs,
  send,
  spoilt,
} from './faults.ts';
import { readJson, writeJson } from './model-json.ts';
import { readForm } from './model-query.ts';
import { type Answer, readRest, type Request, writeRest } from './model-rest.ts';
import { writeMembers } from './model-xml.ts';
import type { Operation } from './model.ts';
import { type Loaded, type Protocol, serviceOf } from './services.ts';

export interface Asked {
  /** Whose credentials ask. */
  readonly account: string;
  readonly region: string;
  /** A fault wants a page left out of what is listed, in silence. */
  readonly missing: boolean;
}

/**
 * Answers by operation, such as `ec2:DescribeVolumes`. `input` is the operation's as the SDK's command was given it, the result the operation's
 * output as the SDK types it: anything that the SDK's model doesn't allow there throws when the stub is disposed of.
 */
export type Handlers = Readonly<Partial<Record<string, Handler>>>;
export type Handler = { handle(input: object, request: Asked): object | Promise<object> }['handle'];

export interface StubOptions {
  /** Whose credentials those are that no role gave. */
  readonly account?: string;
  readonly faults?: Faults;
  /** AWS's clock, in ms: of the Date headers, and of what signatures are held against. */
  readonly clock?: () => number;
  /** Credentials of a role are refused as expired after so many calls. */
  readonly callsPerSession?: number;
}

export interface Stub extends AsyncDisposable {
  readonly endpoint: string;
  readonly account: string;
  /** In the order of the calls. */
  readonly calls: readonly {
    readonly operation: string;
    readonly account: string;
    readonly region: string;
  }[];
  setFaults(faults: Faults): void;
}

/** An error answer, to be thrown by a handler. */
export function refuse(code: string, status = 400, said?: string): Error {
  return new Refusal(code, status, said);
}

class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly said: string | undefined;
  constructor(code: string, status: number, said: string | undefined) {
    super(code);
    this.code = code;
    this.status = status;
    this.said = said;
  }
}

const CREDENTIAL = /Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/;
/** AWS refuses signatures from further off: five minutes, S3 fifteen. */
const SKEW = 300_000;
const SKEW_S3 = 900_000;

/**
 * AWS on the loopback: every protocol of the installed clients. STS is built in, all else is what `handlers` say. An operation without a handler
 * is denied.
 */
export async function startStub(handlers: Handlers, options: StubOptions = {}): Promise<Stub> {
  const { account = '123456789012', clock = Date.now } = options;
  const calls: { operation: string; account: string; region: string }[] = [];
  const mistakes: unknown[] = [];
  const sessions = sessionsOf(options.callsPerSession);
  const all: Handlers = { ...builtIn(clock, sessions), ...handlers };
  let pick = pickerOf(options.faults ?? {});

  async function answer(request: Request, response: ServerResponse): Promise<void> {
    const [, key = '', region = '', signed = ''] =
      CREDENTIAL.exec(String(request.headers['authorization'])) ?? [];
    const service = await serviceOf(signed, request.url.pathname);
    const caller = sessions.accountOf(key) ?? account;
    const found = service === undefined ? undefined : operationOf(service, request);
    if (service === undefined || found === undefined) {
      calls.push({
        operation: `${signed}:${request.method} ${request.url.pathname}`,
        account: caller,
        region,
      });
      return send(response, refusedAs(service?.protocol ?? 'query', 'denied'), undefined);
    }
    const { operation, input } = found;
    const name = `${service.prefix}:${operation.name}`;
    calls.push({ operation: name, account: caller, region });
    response.setHeader(
      service.protocol === 'rest-xml' ? 'x-amz-request-id' : 'x-amzn-requestid',
      `stub-${calls.length}`,
    );
    response.setHeader('content-type', CONTENT[service.protocol]);
    const { protocol } = service;
    if (isSkewed(request, service, clock())) return send(response, refusedAs(protocol, 'skewed'), undefined);
    if (sessions.isExpired(key)) return send(response, refusedAs(protocol, 'expired'), undefined);
    const about = name === 'sts:AssumeRole' ? (accountOfRole(input) ?? caller) : caller;
    const kind = pick(name, about, region);
    if (kind === 'denied' || kind === 'throttled' || kind === 'error')
      return send(response, refusedAs(protocol, kind), undefined);
    const handler = all[name];
    if (handler === undefined) return send(response, refusedAs(protocol, 'denied'), undefined);
    const asked = { account: caller, region, missing: kind === 'missing-page' };
    try {
      const output = await handler(askedWith(kind, operation, input), asked);
      send(response, write(protocol, operation, spoilt(kind, operation, output)), kind);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(response, refusal(protocol, error.code, error.status, error.said), kind);
    }
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('date', new Date(clock()).toUTCString());
    try {
      const body = await bodyOf(incoming);
      const { method = 'GET', headers } = incoming;
      await answer({ method, url: new URL(incoming.url ?? '/', 'http://stub'), headers, body }, response);
    } catch (error) {
      mistakes.push(error);
      send(response, refusal('query', 'StubMistake', 500, String(error)), undefined);
    }
  }

  const server = createServer((incoming, response) => void handle(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    account,
    calls,
    setFaults: (faults) => void (pick = pickerOf(faults)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (mistakes.length > 0)
        throw new AggregateError(mistakes, `the stub: ${mistakes.map(String).join('; ')}`);
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

const CONTENT: Readonly<Record<Protocol, string>> = {
  query: 'text/xml',
  ec2: 'text/xml;charset=UTF-8',
  'rest-xml': 'application/xml',
  'rest-json': 'application/json',
  'json-1.0': 'application/x-amz-json-1.0',
  'json-1.1': 'application/x-amz-json-1.1',
};

function isSkewed({ headers }: Request, { name }: Loaded, now: number): boolean {
  const [, day = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(String(headers['x-amz-date'])) ?? [];
  const at = Date.parse(
    `${day.replace(/(\d{4})(\d\d)(\d\d)/, '$1-$2-$3')}T${time.replace(/(\d\d)(\d\d)(\d\d)/, '$1:$2:$3')}Z`,
  );
  return !(Math.abs(at - now) <= (name.startsWith('s3') ? SKEW_S3 : SKEW));
}

/** Which operation a request is of, and what it was given; undefined when the model has none such. */
function operationOf(
  service: Loaded,
  request: Request,
): { readonly operation: Operation; readonly input: object } | undefined {
  const { protocol, operations } = service;
  if (protocol === 'rest-json' || protocol === 'rest-xml') {
    const route = service.route(request);
    return route && { operation: route.operation, input: readRest(route, request) };
  }
  if (protocol === 'query' || protocol === 'ec2') {
    const form = new URLSearchParams(request.body);
    const operation = operations.get(form.get('Action') ?? '');
    return operation && { operation, input: readForm(operation.input, form, protocol === 'ec2') };
  }
  const [, name = ''] = String(request.headers['x-amz-target']).split('.');
  const operation = operations.get(name);
  if (operation === undefined) return undefined;
  const input = readJson(operation.input, JSON.parse(request.body || '{}'), false);
  return { operation, input: typeof input === 'object' && input !== null ? input : {} };
}

/** An answer without a fault. Throws where the model doesn't allow it. */
function write(protocol: Protocol, operation: Operation, output: object): Answer {
  const { name, output: shape } = operation;
  const given = Object.fromEntries(Object.entries(output).filter(([, value]) => value !== undefined));
  if (protocol === 'rest-json') return writeRest(operation, given, 'json');
  if (protocol === 'rest-xml') return writeRest(operation, given, 'xml');
  if (protocol === 'json-1.0' || protocol === 'json-1.1')
    return { status: 200, headers: {}, body: JSON.stringify(writeJson(shape, given, name, false)) };
  const members = writeMembers(shape, given, name);
  const body =
    protocol === 'ec2'
      ? `<${name}Response><requestId>stub</requestId>${members}</${name}Response>`
      : `<${name}Response><${name}Result>${members}</${name}Result>` +
        `<ResponseMetadata><RequestId>stub</RequestId></ResponseMetadata></${name}Response>`;
  return { status: 200, headers: {}, body };
}

type Pick = (operation: string, account: string, region: string) => FaultKind | undefined;

function pickerOf(faults: Faults): Pick {
  const counts = new Map<Fault, number>();
  return (operation, account, region) => {
    const fault = faults[operation] ?? faults['*'];
    if (fault === undefined) return undefined;
    if (fault.account !== undefined && fault.account !== account) return undefined;
    if (fault.region !== undefined && fault.region !== region) return undefined;
    const count = (counts.get(fault) ?? 0) + 1;
    counts.set(fault, count);
    const { after = 0, times = Infinity } = fault;
    return count > after && count <= after + times ? fault.kind : undefined;
  };
}

const accountOfRole = (input: object): string | undefined =>
  'RoleArn' in input ? String(input.RoleArn).split(':')[4] : undefined;

interface Sessions {
  /** A key id that holds the account. */
  open(account: string): string;
  accountOf(key: string): string | undefined;
  /** Counts one call. */
  isExpired(key: string): boolean;
}

function sessionsOf(callsPerSession = Infinity): Sessions {
  const calls = new Map<string, number>();
  return {
    open(account) {
      const key = `ASIA${account}${String(calls.size).padStart(4, '0')}`;
      calls.set(key, 0);
      return key;
    },
    accountOf: (key) => /^ASIA(\d{12})\d{4,}$/.exec(key)?.[1],
    isExpired(key) {
      const count = calls.get(key);
      if (count === undefined) return false;
      calls.set(key, count + 1);
      return count >= callsPerSession;
    },
  };
}

function builtIn(clock: () => number, sessions: Sessions): Handlers {
  return {
    'sts:AssumeRole': ({ RoleArn }: { RoleArn: string }) => {
      const account = RoleArn.split(':')[4];
      if (account === undefined) throw refuse('ValidationError');
      return {
        Credentials: {
          AccessKeyId: sessions.open(account),
          SecretAccessKey: 'stub',
          SessionToken: 'stub',
          Expiration: new Date(Math.floor(clock() / 1000) * 1000 + 3_600_000),
        },
      };
    },
    'sts:GetCallerIdentity': (_: object, { account }: Asked) => ({
      UserId: 'AROAANNEXA:annexa',
      Account: account,
      Arn: `arn:aws:sts::${account}:assumed-role/annexa/annexa`,
    }),
  };
}
