import { type Operation, operationsIn } from './model.ts';
import { type Request, type Route, routerOf } from './model-rest.ts';

export type Protocol = 'query' | 'ec2' | 'rest-xml' | 'rest-json' | 'json-1.0' | 'json-1.1';

interface Service {
  /** IAM's prefix of its operations. */
  readonly prefix: string;
  readonly protocol: Protocol;
  readonly load: () => Promise<object>;
}

/** By the name in the scope of a signature; S3 Control signs as S3 does. */
const services: Readonly<Record<string, Service>> = {
  'access-analyzer': {
    prefix: 'access-analyzer',
    protocol: 'rest-json',
    load: () => import('@aws-sdk/client-accessanalyzer'),
  },
  acm: { prefix: 'acm', protocol: 'json-1.1', load: () => import('@aws-sdk/client-acm') },
  backup: { prefix: 'backup', protocol: 'rest-json', load: () => import('@aws-sdk/client-backup') },
  cloudtrail: {
    prefix: 'cloudtrail',
    protocol: 'json-1.1',
    load: () => import('@aws-sdk/client-cloudtrail'),
  },
  config: { prefix: 'config', protocol: 'json-1.1', load: () => import('@aws-sdk/client-config-service') },
  dynamodb: { prefix: 'dynamodb', protocol: 'json-1.0', load: () => import('@aws-sdk/client-dynamodb') },
  ec2: { prefix: 'ec2', protocol: 'ec2', load: () => import('@aws-sdk/client-ec2') },
  eks: { prefix: 'eks', protocol: 'rest-json', load: () => import('@aws-sdk/client-eks') },
  elasticfilesystem: {
    prefix: 'elasticfilesystem',
    protocol: 'rest-json',
    load: () => import('@aws-sdk/client-efs'),
  },
  elasticloadbalancing: {
    prefix: 'elasticloadbalancing',
    protocol: 'query',
    load: () => import('@aws-sdk/client-elastic-load-balancing-v2'),
  },
  guardduty: { prefix: 'guardduty', protocol: 'rest-json', load: () => import('@aws-sdk/client-guardduty') },
  iam: { prefix: 'iam', protocol: 'query', load: () => import('@aws-sdk/client-iam') },
  identitystore: {
    prefix: 'identitystore',
    protocol: 'json-1.1',
    load: () => import('@aws-sdk/client-identitystore'),
  },
  inspector2: {
    prefix: 'inspector2',
    protocol: 'rest-json',
    load: () => import('@aws-sdk/client-inspector2'),
  },
  kms: { prefix: 'kms', protocol: 'json-1.1', load: () => import('@aws-sdk/client-kms') },
  logs: { prefix: 'logs', protocol: 'json-1.1', load: () => import('@aws-sdk/client-cloudwatch-logs') },
  organizations: {
    prefix: 'organizations',
    protocol: 'json-1.1',
    load: () => import('@aws-sdk/client-organizations'),
  },
  rds: { prefix: 'rds', protocol: 'query', load: () => import('@aws-sdk/client-rds') },
  s3: { prefix: 's3', protocol: 'rest-xml', load: () => import('@aws-sdk/client-s3') },
  's3-control': { prefix: 's3', protocol: 'rest-xml', load: () => import('@aws-sdk/client-s3-control') },
  sso: { prefix: 'sso', protocol: 'json-1.1', load: () => import('@aws-sdk/client-sso-admin') },
  sts: { prefix: 'sts', protocol: 'query', load: () => import('@aws-sdk/client-sts') },
  tagging: {
    prefix: 'tag',
    protocol: 'json-1.1',
    load: () => import('@aws-sdk/client-resource-groups-tagging-api'),
  },
};

export interface Loaded extends Pick<Service, 'prefix' | 'protocol'> {
  /** Its name in `services`. */
  readonly name: string;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly route: (request: Request) => Route | undefined;
}

const loaded = new Map<string, Promise<Loaded>>();

async function load(name: string, { prefix, protocol, load }: Service): Promise<Loaded> {
  const operations = operationsIn(await load());
  return { name, prefix, protocol, operations, route: routerOf(operations.values(), name === 's3') };
}

/** The service that a request signed for `signed` goes to. */
export async function serviceOf(signed: string, path: string): Promise<Loaded | undefined> {
  const name = signed === 's3' && path.startsWith('/v20180820/') ? 's3-control' : signed;
  const service = services[name];
  if (service === undefined) return undefined;
  const already = loaded.get(name) ?? load(name, service);
  loaded.set(name, already);
  return already;
}

/** Every service whose operations have the prefix. */
async function servicesOf(prefix: string): Promise<readonly Loaded[]> {
  const names = Object.entries(services).flatMap(([name, service]) =>
    service.prefix === prefix ? [name] : [],
  );
  const all = await Promise.all(names.map((name) => serviceOf(name, '/')));
  return all.filter((service) => service !== undefined);
}

/** The model of an operation such as `ec2:DescribeVolumes`. */
export async function modelOf(operation: string): Promise<Operation> {
  const [prefix = '', name = ''] = operation.split(':');
  for (const { operations } of await servicesOf(prefix)) {
    const found = operations.get(name);
    if (found !== undefined) return found;
  }
  throw new Error(`the model has no operation ${operation}`);
}
