import { bamboohr } from '../../../src/collectors/bamboohr/index.ts';
import { datasets as githubDatasets } from '../../../src/collectors/github/datasets.ts';
import { datasets as googleDatasets } from '../../../src/collectors/google/datasets.ts';
import { google } from '../../../src/collectors/google/index.ts';
import { hrConfig } from '../../../src/collectors/hr/config.ts';
import { hr } from '../../../src/collectors/hr/index.ts';
import { registerConfig } from '../../../src/collectors/register/config.ts';
import { register } from '../../../src/collectors/register/index.ts';
import { answering } from '../../collectors/answering.ts';
import { configOf as bamboohrConfig } from '../../collectors/bamboohr/harness.ts';
import { bamboo } from '../../collectors/bamboohr/stub.ts';
import { connectGithub } from '../../collectors/github/harness.ts';
import { startStub as startGithub } from '../../collectors/github/stub.ts';
import { CUSTOMER } from '../../collectors/google/estate.ts';
import { configOf as googleConfig } from '../../collectors/google/harness.ts';
import { keyFile } from '../../collectors/google/identities.ts';
import { startStub as startGoogle } from '../../collectors/google/stub.ts';
import { contextOf } from '../../collectors/harness.ts';
import { connect, NAMES, SCOPE } from '../../collectors/kubernetes/harness.ts';
import { startStub as startKubernetes } from '../../collectors/kubernetes/stub.ts';
import { columns, header } from '../../collectors/register/harness.ts';
import { key, spreadsheet, startSheets } from '../../collectors/register/sheet-stub.ts';
import type { Measure } from '../measure.ts';
import { figuresOf, type SourceGoals } from './calls.ts';
import { githubEstate } from './github-estate.ts';
import { googleEstate } from './google-estate.ts';
import { kubernetesEstate } from './kubernetes-estate.ts';

const now = () => Math.floor(Date.now() / 1000);
const ACME = { id: 'acme' };
const every = (count: number) => Array.from({ length: count }, (_, index) => index);
const today = () => new Date().toISOString().slice(0, 10);

const github: SourceGoals = {
  datasets: githubDatasets.map(({ name }) => name),
  fixed: { '*': 4 },
  perThousand: {
    '*': 11,
    // Three records of each.
    repositories: 20,
    'repository-access': 70,
    // One for ten repositories, one for fifty pull requests.
    changes: 150,
  },
  async prepare(_, size) {
    const stub = await startGithub(
      githubEstate({ repositories: size, members: size, changes: 1, alerts: size }),
    );
    const { collector, told } = connectGithub(stub.endpoint);
    return { collector, told, scope: ACME, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
  },
};

const workspace: SourceGoals = {
  datasets: googleDatasets.map(({ name }) => name),
  fixed: { '*': 4, 'oauth-grants': 7 },
  time: { 'oauth-grants': 40_000 },
  perThousand: {
    '*': 10,
    // Every user is asked for, of whom one in ten has three grants.
    'oauth-grants': 3_400,
  },
  async prepare(dataset, size) {
    const users = dataset === 'oauth-grants' ? size * 4 : size;
    const stub = await startGoogle(googleEstate(users, size), { pageSize: 500 });
    const { context, told } = contextOf(now, { GOOGLE_KEY: keyFile() });
    const collector = google.connect(googleConfig(stub.endpoint), context);
    const scope = { id: CUSTOMER };
    return { collector, told, scope, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
  },
};

const kubernetes: SourceGoals = {
  datasets: NAMES,
  // One for each list that is read, besides who is asked and who asks.
  fixed: { '*': 6, workloads: 13 },
  perThousand: { '*': 12 },
  async prepare(_, size) {
    const sizes = { pods: size, deployments: size, namespaces: size, others: size };
    const stub = await startKubernetes(kubernetesEstate(sizes));
    const { source, told } = connect(stub.url, { pageSize: 250 });
    return {
      collector: source,
      told,
      scope: SCOPE,
      [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose](),
    };
  },
};

const bamboohrPeople: SourceGoals = {
  datasets: ['people'],
  fixed: { '*': 3 },
  perThousand: { '*': 1 },
  async prepare(_, size) {
    const people = every(size).map((at) => String(at + 1));
    const stub = await bamboo({
      employees: people.map((employeeId) => ({
        employeeId,
        workEmail: `p${employeeId}@acme.example`,
        hireDate: '2020-01-01',
        employmentStatusName: 'Full-Time',
      })),
      employmentStatus: people.map((id) => [id, '2020-01-01', 'Full-Time'] as const),
      jobInfo: people.map((id) => [id, '2020-01-01', 'Engineering'] as const),
    });
    const { context, told } = contextOf(now, { KEY: 'sesame' });
    const collector = bamboohr.connect(bamboohrConfig(stub.origin, { requestTimeout: 30 }), context);
    return { collector, told, scope: ACME, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
  },
};

/** A hundred people on a page, each with the way to the next. */
const hrJson: SourceGoals = {
  datasets: ['people'],
  fixed: { '*': 1 },
  perThousand: { '*': 10 },
  async prepare(_, size) {
    const stub = await answering(({ url }) => {
      const from = Number(url.searchParams.get('from') ?? 0);
      const next = from + 100 < size ? String(from + 100) : null;
      const people = every(Math.min(100, size - from)).map((at) => ({
        id: String(from + at),
        email: `p${from + at}@acme.example`,
      }));
      return { body: { people, next } };
    });
    const { context, told } = contextOf(now, { URL: `${stub.origin}/people` });
    const config = hrConfig.parse({
      format: 'json',
      scope: 'acme',
      url: { env: 'URL' },
      asOf: { header: 'date' },
      items: '/people',
      fields: { personId: '/id', workEmail: '/email' },
      pages: { next: '/next', parameter: 'from' },
    });
    const collector = hr.connect(config, context);
    return { collector, told, scope: ACME, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
  },
};

/** A register is one answer, however long: of a file at an address, or of a spreadsheet after a token. */
const registerAtUrl: SourceGoals = {
  datasets: ['training'],
  fixed: { '*': 1 },
  perThousand: { '*': 0 },
  async prepare(_, size) {
    const rows = every(size).map((at) => `p${at}@acme.example,awareness,2026-02-03,,`);
    const stub = await answering(() => ({ body: [header, ...rows, ''].join('\n') }));
    const { context, told } = contextOf(now);
    const training = { url: `${stub.origin}/x.csv`, asOf: { declared: today() }, id: 'Employee', columns };
    const collector = register.connect(registerConfig.parse({ scope: 'acme', training }), context);
    return { collector, told, scope: ACME, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
  },
};

const registerInSheet: SourceGoals = {
  datasets: ['training'],
  fixed: { '*': 2 },
  perThousand: { '*': 0 },
  async prepare(_, size) {
    const stub = await startSheets({
      cells: {
        Training: [
          header.split(','),
          ...every(size).map((at) => [`p${at}@acme.example`, 'awareness', 46_056, 46_421, '']),
        ],
      },
      grid: { rows: size + 10, columns: 26 },
    });
    const { context, told } = contextOf(now, { KEY: key });
    const config = registerConfig.parse({
      scope: 'acme',
      google: { credentials: { env: 'KEY' }, endpoint: stub.endpoint },
      training: {
        sheet: { spreadsheet, range: 'Training!A1:E' },
        asOf: { declared: today() },
        id: 'Employee',
        columns,
      },
    });
    const collector = register.connect(config, context);
    return { collector, told, scope: ACME, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
  },
};

/** Requests and time of each dataset of the sources other than AWS: of one of each thing, and for 1,000 more records. */
export async function sourceCalls(): Promise<readonly Measure[]> {
  return [
    ...(await figuresOf('github', github)),
    ...(await figuresOf('google', workspace)),
    ...(await figuresOf('kubernetes', kubernetes)),
    ...(await figuresOf('bamboohr', bamboohrPeople)),
    ...(await figuresOf('hr-json', hrJson)),
    ...(await figuresOf('register-url', registerAtUrl)),
    ...(await figuresOf('register-sheet', registerInSheet)),
  ];
}
