import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocket, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { children, encodeDer, readDer, TAG } from '../../src/evidence/timestamp/der.ts';

/** A real RFC 3161 authority on loopback. */
export interface TimestampServer extends AsyncDisposable {
  readonly url: string;
  /** Its CA certificates, PEM. */
  readonly ca: string;
}

/** A certificate and its key, by their files. */
export interface SignerFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What an authority of openssl does otherwise than it should. */
export type Misdeed =
  | 'slow'
  /** Answers for a nonce of its own. */
  | 'nonce'
  /** Gives the first token again and again. */
  | 'replay'
  /** Signs with a certificate that `openssl ts` itself would refuse to use. */
  | 'any-certificate'
  /** Its clock is an hour ahead. */
  | 'ahead';

const run = promisify(execFile);

/** A program that the peers need. Throws when it is missing: peers are never skipped. */
function find(program: string): string {
  const folders = [
    process.env['ANNEXA_PEERS_BIN'] ?? '',
    join(homedir(), '.cache/annexa/bin'),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const folder = folders.find((one) => one !== '' && existsSync(join(one, program)));
  if (folder === undefined) throw new Error(`${program} is needed: test/peers/install.sh installs it`);
  return join(folder, program);
}

/** sigstore's timestamp-server, with an authority that it makes for itself. */
export async function startSigstore(): Promise<TimestampServer> {
  const port = await freePort();
  const child = spawn(
    find('timestamp-server'),
    [
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      `${port}`,
      '--timestamp-signer',
      'memory',
      '--disable-ntp-monitoring',
    ],
    { stdio: 'ignore' },
  );
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const base = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const chain = await fetch(`${base}/api/v1/timestamp/certchain`).catch(() => undefined);
    if (chain?.ok === true) {
      const certificates = (await chain.text()).match(/-----BEGIN[^]*?-----END CERTIFICATE-----\n/g) ?? [];
      return {
        url: `${base}/api/v1/timestamp`,
        ca: certificates.slice(1).join(''),
        [Symbol.asyncDispose]: stop,
      };
    }
    await sleep(100);
  }
  await stop();
  throw new Error('timestamp-server does not start');
}

const CONFIGURATION = `
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[code]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,codeSigning
[ts]
serial = ./serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
`;

/** A certification authority of openssl in a temporary folder, and authorities that lead up to it. */
export interface OpensslAuthorities extends AsyncDisposable {
  readonly ca: string;
  readonly caFile: string;
  /** A new certificate for a section of the configuration (`signer`, `code`), valid for some days from a time that `faketime -f` understands. */
  issue(section: 'signer' | 'code', from: string, days: number): Promise<SignerFiles>;
  /** `openssl ts -reply` behind a small HTTP server. */
  serve(signer: SignerFiles, misdeed?: Misdeed): Promise<TimestampServer>;
}

export async function makeOpenssl(): Promise<OpensslAuthorities> {
  const folder = await mkdtemp(join(tmpdir(), 'annexa-tsa-'));
  const at = (name: string) => join(folder, name);
  const env = { ...process.env, TZ: 'UTC' };
  /** Arguments that no space is in; `clock`: see faketime -f. */
  const openssl = (args: string, clock = '+0s') =>
    run(find('faketime'), ['-f', clock, 'openssl', ...args.split(' ')], { cwd: folder, env });
  await writeFile(at('x.cnf'), CONFIGURATION);
  const newKey = '-newkey rsa:2048 -nodes -config x.cnf';
  const root = '-extensions root -days 36500 -subj /CN=Peer-Root -keyout ca.key -out ca.pem';
  await openssl(`req -x509 ${newKey} ${root}`, '@2020-01-01 00:00:00');
  let counter = 0;
  /** They share a file with the next serial number. */
  const one = pLimit(1);

  async function issue(section: string, from: string, days: number): Promise<SignerFiles> {
    const name = `${section}-${(counter += 1)}`;
    await openssl(`req ${newKey} -subj /CN=${name} -keyout ${name}.key -out ${name}.csr`);
    const by = `-CA ca.pem -CAkey ca.key -set_serial ${counter} -days ${days} -sha256`;
    const what = `-extfile x.cnf -extensions ${section} -out ${name}.pem`;
    await openssl(`x509 -req -in ${name}.csr ${by} ${what}`, from);
    return { certificate: at(`${name}.pem`), key: at(`${name}.key`) };
  }

  const proper = await issue('signer', '@2020-01-01 00:00:00', 36_500);

  async function answer(query: Buffer, signer: SignerFiles, misdeed: Misdeed | undefined): Promise<Buffer> {
    const name = `${(counter += 1)}`;
    await writeFile(at('serial'), '01\n');
    await writeFile(at(`${name}.tsq`), query);
    if (misdeed === 'nonce')
      await openssl(`ts -query -digest ${imprintOf(query)} -sha256 -cert -out ${name}.tsq`);
    const { certificate, key } = misdeed === 'any-certificate' ? proper : signer;
    const files = `-queryfile ${name}.tsq -signer ${certificate} -inkey ${key} -out ${name}.tsr`;
    await openssl(`ts -reply -config x.cnf -section ts ${files}`, misdeed === 'ahead' ? '+1h' : '+0s');
    if (misdeed === 'any-certificate') await signAgain(name, signer);
    return readFile(at(`${name}.tsr`));
  }

  async function signAgain(name: string, { certificate, key }: SignerFiles): Promise<void> {
    const der = '-inform DER -outform DER -binary';
    await openssl(`ts -reply -in ${name}.tsr -token_out -out ${name}.p7`);
    await openssl(`cms -verify -noverify -in ${name}.p7 ${der} -out ${name}.tst`);
    const what = `-econtent_type 1.2.840.113549.1.9.16.1.4 -md sha256 -in ${name}.tst -outform DER -binary`;
    const who = `-signer ${certificate} -inkey ${key} -out ${name}.p7`;
    await openssl(`cms -sign -cades -nodetach -nosmimecap ${what} ${who}`);
    const granted = encodeDer(TAG.sequence, encodeDer(TAG.integer, Uint8Array.of(0)));
    await writeFile(at(`${name}.tsr`), encodeDer(TAG.sequence, granted, await readFile(at(`${name}.p7`))));
  }

  const ca = await readFile(at('ca.pem'), 'utf8');
  return {
    ca,
    caFile: at('ca.pem'),
    issue,
    serve: (signer, misdeed) => serve(ca, misdeed, (query) => one(() => answer(query, signer, misdeed))),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function imprintOf(query: Uint8Array): string {
  const [, imprint] = children(readDer(query), TAG.sequence, 'query');
  const [, digest] = children(imprint, TAG.sequence, 'imprint');
  return Buffer.from(digest?.body ?? []).toString('hex');
}

async function serve(
  ca: string,
  misdeed: Misdeed | undefined,
  answer: (query: Buffer) => Promise<Buffer>,
): Promise<TimestampServer> {
  let first: Buffer | undefined;
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(Buffer.from(piece));
    if (misdeed === 'slow') return;
    const token = misdeed === 'replay' && first !== undefined ? first : await answer(Buffer.concat(pieces));
    first ??= token;
    response.setHeader('content-type', 'application/timestamp-reply').end(token);
  }
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server.address())}/`,
    ca,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
