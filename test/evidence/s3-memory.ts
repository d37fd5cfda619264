import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** An S3 server for tests: one bucket in memory, path style, signatures not looked at. Real ones are tested in test/peers. */
export interface MemoryS3 extends AsyncDisposable {
  readonly endpoint: string;
  /** By key: the newest version first. */
  readonly objects: Map<string, Version[]>;
  /** Multipart uploads that were neither completed nor aborted. */
  readonly uploads: Map<string, Map<number, Uint8Array>>;
  /** `PUT /key`, in the order of their arrival. */
  readonly requests: string[];
}

export interface Version {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly marker: boolean;
  mode?: string | undefined;
  until?: string | undefined;
}

export interface Traits {
  readonly versioning?: boolean;
  readonly objectLock?: boolean;
  /** Conditions that it lets through although they don't hold. */
  readonly ignores?: readonly ('if-none-match' | 'if-match')[];
  /** Objects in a page of a list. */
  readonly page?: number;
  /** Pages of versions begin with the one that ended the page before, as versitygw's do. */
  readonly repeats?: boolean;
}

export const BUCKET = 'evidence';

interface Call {
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

export async function memoryS3(traits: Traits = {}): Promise<MemoryS3> {
  const { versioning = true } = traits;
  const objects: MemoryS3['objects'] = new Map();
  const uploads: MemoryS3['uploads'] = new Map();
  const requests: string[] = [];
  const server = createServer((request, response) => void serve(request, response));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://memory');
    const [, bucket, ...rest] = decodeURIComponent(pathname).split('/');
    const { method = '', headers } = request;
    const call: Call = { method, key: rest.join('/'), query, headers, body: await buffer(request) };
    requests.push(`${method} ${call.key}`);
    const answer = bucket === BUCKET ? handle(call) : refusal(404, 'NoSuchBucket');
    response.writeHead(answer.status, answer.headers);
    response.end(method === 'HEAD' ? undefined : answer.body);
  }

  function handle(call: Call): Answer {
    const { method, key, query } = call;
    if (key === '') return handleBucket(query);
    if (query.has('uploads') || query.has('uploadId')) return handleUpload(call);
    if (query.has('retention')) return retain(call);
    if (method === 'PUT') return put(call, call.body);
    if (method === 'DELETE') return remove(key, query.get('versionId'));
    return read(call);
  }

  function newest(key: string): Version | undefined {
    const [version] = objects.get(key) ?? [];
    return version === undefined || version.marker ? undefined : version;
  }

  function put({ key, headers }: Call, bytes: Uint8Array): Answer {
    const sum = headers['x-amz-checksum-sha256'];
    if (sum !== undefined && sum !== sha256(bytes)) return refusal(400, 'BadDigest');
    const current = newest(key);
    const ignores = (name: 'if-none-match' | 'if-match') => traits.ignores?.includes(name) === true;
    if (headers['if-none-match'] === '*' && current !== undefined && !ignores('if-none-match'))
      return refusal(412, 'PreconditionFailed');
    const match = headers['if-match'];
    if (match !== undefined && !ignores('if-match')) {
      if (current === undefined) return refusal(404, 'NoSuchKey');
      if (match !== etag(current.bytes)) return refusal(412, 'PreconditionFailed');
    }
    const version: Version = {
      id: versioning ? randomUUID() : 'null',
      bytes,
      marker: false,
      mode: one(headers['x-amz-object-lock-mode']),
      until: one(headers['x-amz-object-lock-retain-until-date']),
    };
    objects.set(key, versioning ? [version, ...(objects.get(key) ?? [])] : [version]);
    return { status: 200, headers: { etag: etag(bytes), 'x-amz-version-id': version.id } };
  }

  function read({ key, headers }: Call): Answer {
    const current = newest(key);
    if (current === undefined) return refusal(404, 'NoSuchKey');
    const tag = etag(current.bytes);
    if (headers['if-match'] !== undefined && headers['if-match'] !== tag)
      return refusal(412, 'PreconditionFailed');
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const body = current.bytes.subarray(from);
    return {
      status: from === 0 ? 200 : 206,
      headers: {
        etag: tag,
        'content-length': String(body.length),
        ...(current.mode === undefined ? {} : { 'x-amz-object-lock-mode': current.mode }),
        ...(current.until === undefined ? {} : { 'x-amz-object-lock-retain-until-date': current.until }),
        ...(from === 0 ? { 'x-amz-checksum-sha256': sha256(current.bytes) } : {}),
      },
      body,
    };
  }

  function remove(key: string, id: string | null): Answer {
    const versions = objects.get(key) ?? [];
    if (id === null) {
      const marker = { id: randomUUID(), bytes: new Uint8Array(), marker: true };
      if (versioning) objects.set(key, [marker, ...versions]);
      else objects.delete(key);
      return { status: 204 };
    }
    const until = versions.find((version) => version.id === id)?.until;
    if (until !== undefined && Date.parse(until) > Date.now()) return refusal(403, 'AccessDenied');
    const left = versions.filter((version) => version.id !== id);
    if (left.length === 0) objects.delete(key);
    else objects.set(key, left);
    return { status: 204 };
  }

  function retain({ key, body }: Call): Answer {
    const [version] = objects.get(key) ?? [];
    const text = Buffer.from(body).toString();
    if (version === undefined) return refusal(404, 'NoSuchKey');
    version.mode = /<Mode>(\w+)</.exec(text)?.[1];
    version.until = /<RetainUntilDate>([^<]+)</.exec(text)?.[1];
    return { status: 200 };
  }

  function handleUpload(call: Call): Answer {
    const { method, key, query } = call;
    if (query.has('uploads')) {
      const id = JSON.stringify([randomUUID(), lockHeaders(call.headers)]);
      uploads.set(id, new Map());
      return xml('InitiateMultipartUploadResult', `<UploadId>${Buffer.from(id).toString('hex')}</UploadId>`);
    }
    const id = Buffer.from(query.get('uploadId') ?? '', 'hex').toString();
    const parts = uploads.get(id);
    if (parts === undefined) return refusal(404, 'NoSuchUpload');
    if (method === 'PUT') {
      parts.set(Number(query.get('partNumber')), call.body);
      const headers = { etag: etag(call.body), 'x-amz-checksum-sha256': sha256(call.body) };
      return { status: 200, headers };
    }
    if (method === 'POST') {
      const [, locks]: [string, Record<string, string>] = JSON.parse(id);
      const whole = [...parts].toSorted(([a], [b]) => a - b).map(([, bytes]) => bytes);
      const answer = put({ ...call, headers: { ...call.headers, ...locks } }, Buffer.concat(whole));
      if (answer.status !== 200) return answer;
      uploads.delete(id);
      return xml('CompleteMultipartUploadResult', `<Key>${key}</Key>`);
    }
    uploads.delete(id);
    return { status: 204 };
  }

  function handleBucket(query: URLSearchParams): Answer {
    if (query.has('versioning'))
      return xml('VersioningConfiguration', versioning ? '<Status>Enabled</Status>' : '');
    if (query.has('object-lock')) {
      if (traits.objectLock !== true) return refusal(404, 'ObjectLockConfigurationNotFoundError');
      return xml('ObjectLockConfiguration', '<ObjectLockEnabled>Enabled</ObjectLockEnabled>');
    }
    return query.has('versions') ? listVersions(query) : listObjects(query);
  }

  function keysFrom(query: URLSearchParams, after: string): string[] {
    const prefix = query.get('prefix') ?? '';
    return [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
  }

  function listObjects(query: URLSearchParams): Answer {
    const keys = keysFrom(query, query.get('continuation-token') ?? '').filter((key) => newest(key));
    const page = keys.slice(0, traits.page ?? 1000);
    const more = keys.length > page.length;
    const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
    return xml('ListBucketResult', `<IsTruncated>${more}</IsTruncated>${token}${contents}`);
  }

  function listVersions(query: URLSearchParams): Answer {
    const [marker, versionMarker] = [query.get('key-marker') ?? '', query.get('version-id-marker')];
    const all = keysFrom(query, '').flatMap((key) =>
      (objects.get(key) ?? []).map((version) => ({ key, ...version })),
    );
    const last = all.findLastIndex(
      ({ key, id }) => key === marker && (versionMarker === null || id === versionMarker),
    );
    const begin = traits.repeats === true && last > 0 ? last : last + 1;
    const page = all.slice(begin, last + 1 + (traits.page ?? 1000));
    const end = page.at(-1);
    const more = end !== undefined && end.id !== all.at(-1)?.id;
    const markers = more
      ? `<NextKeyMarker>${end.key}</NextKeyMarker><NextVersionIdMarker>${end.id}</NextVersionIdMarker>`
      : '';
    const items = page.map(({ key, id, marker }) => {
      const name = marker ? 'DeleteMarker' : 'Version';
      return `<${name}><Key>${key}</Key><VersionId>${id}</VersionId></${name}>`;
    });
    return xml('ListVersionsResult', `<IsTruncated>${more}</IsTruncated>${markers}${items.join('')}`);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    objects,
    uploads,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function lockHeaders(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('x-amz-object-lock-') ? [[name, String(value)]] : [],
    ),
  );
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function etag(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

function xml(name: string, inner: string): Answer {
  const body = `<?xml version="1.0"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${name}>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function refusal(status: number, code: string): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml' }, body };
}
