import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ed25519Pem, p256Pem } from '../evidence/helpers.ts';
import { type Ended, logLines, type Machine, startMachine } from './machine.ts';

/**
 * The agent on a machine that reaches nothing but a proxy (tinyproxy): no name can be resolved there. The proxy, by a table of its own, leads every
 * host to one server that refuses all, so that each plugin's first request shows.
 */
const HOSTS = [
  'sts.eu-west-1.amazonaws.com',
  'kms.eu-west-1.amazonaws.com',
  'evidence.s3.eu-west-1.amazonaws.com',
  'api.github.com',
  'oauth2.googleapis.com',
  'acme.bamboohr.com',
  'hr.test',
  'register.test',
  'cluster.test',
  'tsa.test',
  'witness.test',
];
const HR = `plugin: hr, settings: { scope: acme, url: "https://hr.test/people.csv", asOf: { column: asof }, columns: { personId: id, workEmail: email } }`;
const PASSWORD = 'open-sesame';
const proxyUrl = (password: string) => `http://annexa:${password}@127.0.0.1:3128`;

let machine: Machine;
let ca = '';

beforeAll(async () => {
  machine = await startMachine(
    [
      'printf "nameserver 127.0.0.53\\noptions timeout:1 attempts:1\\n" > $DIR/resolv.conf',
      'printf "127.0.0.1 localhost\\n" > $DIR/hosts',
      'mount --bind $DIR/resolv.conf /etc/resolv.conf',
      'mount --bind $DIR/hosts /etc/hosts',
    ],
    { network: true },
  );
  const { directory } = machine;
  ca = join(directory, 'certificate.pem');
  const key = join(directory, 'key.pem');
  const names = HOSTS.map((host) => `DNS:${host}`).join(',');
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=target',
      '-addext',
      `subjectAltName=${names}`,
      '-keyout',
      key,
      '-out',
      ca,
    ],
    { stdio: 'ignore' },
  );
  const table = await machine.write('table', `127.0.0.1 localhost ${HOSTS.join(' ')}\n`);
  const settings = await machine.write(
    'tinyproxy.conf',
    `Port 3128\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nLogLevel Info\nLogFile "${join(directory, 'proxy.log')}"\nBasicAuth annexa ${PASSWORD}\n`,
  );
  await machine
    .start([
      process.execPath,
      fileURLToPath(new URL('./proxy-target.ts', import.meta.url)),
      key,
      ca,
      join(directory, 'asked.log'),
    ])
    .said(/listens/);
  // A mount of its own once more, for its table of hosts.
  machine.start([
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    `mount --bind ${table} /etc/hosts && exec tinyproxy -d -c ${settings}`,
  ]);
  await until(async () => (await read('proxy.log')).includes('Accepting connections'));
  await machine.write('config/key.json', serviceAccount());
  await machine.write('config/kubeconfig', kubeconfig());
  await machine.write('config/token', 'x.y.z');
  await machine.write('config/agent.yaml', agentManifest(''));
  await machine.write('config/collectors.yaml', collectors());
  for (const [kind, keys] of [
    ['s3', files()],
    ['kms', files('{ kms: alias/x, region: eu-west-1 }')],
  ] as const) {
    const store = kind === 's3' ? 'store: { s3: { bucket: evidence, region: eu-west-1 } }' : '';
    await machine.write(`${kind}/agent.yaml`, agentManifest(`${keys}\n  ${store}`));
    await machine.write(`${kind}/body.key`, Buffer.alloc(32, 1).toString('base64'));
    await machine.write(`${kind}/envelope.pem`, p256Pem(1));
    await machine.write(`${kind}/checkpoint.pem`, ed25519Pem(1));
  }
  await machine.write('one/agent.yaml', agentManifest('').replace(/  timestamps:[^]*$/, ''));
  await machine.write('one/hr.yaml', manifestOf('hr', `${HR}, datasets: { people: { schedule: every 2s } }`));
  execFileSync('chmod', [
    '-R',
    'go-rwx',
    join(directory, 's3'),
    join(directory, 'kms'),
    join(directory, 'config'),
  ]);
});

afterAll(async () => machine?.[Symbol.asyncDispose]());

describe('a machine that reaches the world by a proxy alone', () => {
  test('every plugin, authority and witness is asked through it, and its password is told nowhere', async () => {
    const { err, out } = await collect({ HTTPS_PROXY: proxyUrl(PASSWORD) });
    const asked = await read('asked.log');
    const expected = HOSTS.filter((host) => !/^(kms|evidence)/.test(host));
    for (const host of expected)
      expect(await read('proxy.log'), host).toMatch(new RegExp(`CONNECT ${host.replaceAll('.', '\\.')}:443`));
    expect(
      new Set(
        asked
          .split('\n')
          .map((line) => line.split(' ')[0])
          .filter((host) => host !== ''),
      ),
    ).toEqual(new Set(expected));
    // The chain of credentials asks by clients of its own.
    expect(asked).toContain('AssumeRoleWithWebIdentity');
    expect(asked).toContain('GetCallerIdentity');
    expect(reasons(err).size).toBe(9);
    for (const [dataset, detail] of reasons(err)) expect(detail, dataset).not.toMatch(/proxy|resolved/);
    expect(err + out).not.toContain(PASSWORD);
    const kept = await keptIn('data/config');
    expect(kept.some((text) => text.includes('witness.test'))).toBe(true);
    expect(kept.filter((text) => text.includes(PASSWORD))).toEqual([]);
  });

  test('without it, each says that its name can not be resolved', async () => {
    const { err } = await collect({});
    const failed = reasons(err);
    expect(failed.size).toBe(9);
    for (const [dataset, detail] of failed)
      expect(detail, dataset).toMatch(/^unavailable: .*the name .*can't be resolved \(E/);
    expect(others(err)).toEqual({
      tsa: expect.stringContaining("can't be resolved"),
      east: expect.stringContaining("can't be resolved"),
    });
    expect(logLines(err).filter(({ event }) => event === 'condition_began')).toMatchObject([
      { condition: 'name-resolution' },
    ]);
  });

  test('with a wrong password, each says that the proxy asks for other credentials', async () => {
    const { err, out } = await collect({ HTTPS_PROXY: proxyUrl('not-this-one') });
    const failed = reasons(err);
    expect(failed.size).toBe(9);
    for (const [dataset, detail] of failed)
      expect(detail, dataset).toMatch(/^unavailable: .*the proxy asks for other credentials.*\(40[17]\)/);
    expect(others(err)).toEqual({
      tsa: expect.stringContaining('the proxy asks'),
      east: expect.stringContaining('the proxy asks'),
    });
    expect(logLines(err).filter(({ event }) => event === 'condition_began')).toMatchObject([
      { condition: 'proxy' },
    ]);
    expect(err + out).not.toContain('not-this-one');
  });

  test('what asks goes on by itself once names can be resolved again', async () => {
    const config = join(machine.directory, 'one');
    const agent = machine.annexa(['run', '--config', config], {
      ...environment({}, 'one'),
      ANNEXA_LISTEN: '127.0.0.1:8080',
    });
    await agent.said(/"condition_began","condition":"name-resolution"/);
    expect(await probed()).toMatchObject({
      status: 200,
      text: expect.stringContaining(
        "collector hr: the register was not read: the name hr.test can't be resolved",
      ),
    });
    await machine.write('hosts', `127.0.0.1 localhost ${HOSTS.join(' ')}\n`);
    await agent.said(/"condition_ended","condition":"name-resolution"/);
    expect(await probed()).toEqual({ status: 200, text: '{"status":"ready","conditions":[]}' });
    await machine.write('hosts', '127.0.0.1 localhost\n');
    agent.child.kill('SIGTERM');
    expect((await agent.ended).code).toBe(0);
  });

  test.each(['s3', 'kms'])('the evidence’s %s, too', async (kind) => {
    const host = HOSTS.find((one) => one.startsWith(kind === 's3' ? 'evidence.s3' : 'kms'));
    const own = {
      AWS_ROLE_ARN: '',
      AWS_WEB_IDENTITY_TOKEN_FILE: '',
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    const { code, err } = await collect({ HTTPS_PROXY: proxyUrl(PASSWORD), ...own }, kind);
    expect(code).toBe(3);
    expect(err).not.toContain(PASSWORD);
    expect(await read('asked.log')).toContain(`${host} `);
  });

  test('doctor names the proxy without its credentials; what is no proxy is refused', async () => {
    const doctor = await machine.annexa(
      ['doctor', '--config', join(machine.directory, 'config')],
      environment({ HTTPS_PROXY: proxyUrl(PASSWORD) }),
    ).ended;
    expect(doctor.out).toContain('proxy: https through http://127.0.0.1:3128, http directly');
    expect(doctor.out + doctor.err).not.toContain(PASSWORD);
    const refused = await collect({ HTTPS_PROXY: `annexa:${PASSWORD}@127.0.0.1:3128` });
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('HTTPS_PROXY: expected');
    expect(refused.err).not.toContain(PASSWORD);
  });
});

function environment(proxy: Readonly<Record<string, string>>, config = 'config'): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: ca,
    ANNEXA_DATA: join(machine.directory, 'data', config),
    KEY: 'test',
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/annexa',
    AWS_WEB_IDENTITY_TOKEN_FILE: join(machine.directory, 'config/token'),
    AWS_REGION: 'eu-west-1',
    ...proxy,
  };
}

/** What /readyz answers inside. */
async function probed(): Promise<unknown> {
  const script =
    'const r = await fetch("http://127.0.0.1:8080/readyz"); console.log(JSON.stringify({ status: r.status, text: await r.text() }))';
  return JSON.parse((await machine.run([process.execPath, '--input-type=module', '-e', script])).out);
}

async function collect(proxy: Readonly<Record<string, string>>, config = 'config'): Promise<Ended> {
  return machine.annexa(['collect', '--config', join(machine.directory, config)], environment(proxy, config))
    .ended;
}

/** What each dataset was not collected for. */
function reasons(err: string): ReadonlyMap<string, string> {
  const failed = logLines(err).filter(({ event }) => event === 'collection_failed');
  return new Map(
    failed.map(({ collector, dataset, reason, detail }) => [
      `${String(collector)}/${String(dataset)}`,
      `${String(reason)}: ${String(detail)}`,
    ]),
  );
}

function others(err: string): Record<string, unknown> {
  const failed = logLines(err).filter(
    ({ event }) => event === 'timestamp_failed' || event === 'cosigning_failed',
  );
  return Object.fromEntries(
    failed.map(({ authority, witness, detail }) => [String(authority ?? witness), detail]),
  );
}

async function read(file: string): Promise<string> {
  return readFile(join(machine.directory, file), 'utf8').catch(() => '');
}

/** All that is kept under the data directory, with what is packed in bodies and envelopes. */
async function keptIn(folder: string): Promise<readonly string[]> {
  const root = join(machine.directory, folder);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(file);
      if (file.endsWith('.zst')) return zstdDecompressSync(bytes).toString();
      const [, payload = ''] =
        /"payload":"([^"]+)"/.exec(file.endsWith('.dsse.json') ? bytes.toString() : '') ?? [];
      return bytes.toString() + Buffer.from(payload, 'base64').toString();
    }),
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to hold');
}

function serviceAccount(): string {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return JSON.stringify({
    type: 'service_account',
    client_email: 'annexa@acme.example',
    private_key: privateKey,
    private_key_id: '1',
  });
}

function kubeconfig(): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "https://cluster.test" } }]
users: [{ name: u, user: { token: t } }]
contexts: [{ name: x, context: { cluster: c, user: u } }]
current-context: x
`;
}

function files(envelope = '{ file: envelope.pem }'): string {
  return `keys: { envelope: ${envelope}, checkpoint: { file: checkpoint.pem }, body: { file: body.key } }`;
}

function agentManifest(more: string): string {
  const key = Buffer.concat([Buffer.of(4), Buffer.alloc(32, 7)]);
  const id = createHash('sha256').update('witness.test\n').update(key).digest('hex').slice(0, 8);
  const authority = execFileSync('cat', [ca], { encoding: 'utf8' }).trim().replaceAll('\n', '\n          ');
  return `apiVersion: annexa.dev/v1alpha1
kind: Agent
metadata: { name: test }
spec:
  organisation: Test
  domain: test.example
  ${more}
  timestamps:
    authorities:
      - name: tsa
        url: https://tsa.test/tsr
        ca: |
          ${authority}
  witnesses: [{ name: east, url: "https://witness.test", key: "witness.test+${id}+${key.toString('base64')}" }]
`;
}

function collectors(): string {
  const all: Readonly<Record<string, string>> = {
    'aws-named': `plugin: aws, only: [iam-identities], settings: { region: eu-west-1, maxAttempts: 1, accounts: [{ id: "123456789012" }], credentials: { accessKeyId: { env: KEY }, secretAccessKey: { env: KEY } } }`,
    'aws-chain': `plugin: aws, only: [iam-identities], settings: { region: eu-west-1, maxAttempts: 1, accounts: [{ id: "123456789012" }] }`,
    github: `plugin: github, only: [members], settings: { organizations: [acme], auth: { token: { env: KEY } }, maxAttempts: 1 }`,
    google: `plugin: google, only: [users], settings: { scope: C01234567, subject: admin@acme.example, credentials: { file: key.json }, maxAttempts: 1 }`,
    cluster: `plugin: kubernetes, only: [namespaces], settings: { cluster: prod, kubeconfig: { file: kubeconfig }, maxAttempts: 1 }`,
    bamboohr: `plugin: bamboohr, settings: { company: acme, apiKey: { env: KEY } }`,
    hr: HR,
    register: `plugin: register, settings: { scope: acme, training: { url: "https://register.test/training.csv", asOf: { column: asof }, id: [p], columns: { person: p, course: c, completed_at: d } } }`,
    sheet: `plugin: register, settings: { scope: sheet, google: { credentials: { file: key.json }, maxAttempts: 1 }, training: { sheet: { spreadsheet: abcdefghijklmnopqrstuvwxyz0123456789abcdefgh, range: "T!A1:D" }, asOf: { column: asof }, id: [p], columns: { person: p, course: c, completed_at: d } } }`,
  };
  return Object.entries(all)
    .map(([name, spec]) => manifestOf(name, spec))
    .join('\n---\n');
}

function manifestOf(name: string, spec: string): string {
  return `{ apiVersion: annexa.dev/v1alpha1, kind: Collector, metadata: { name: ${name} }, spec: { ${spec} } }`;
}
