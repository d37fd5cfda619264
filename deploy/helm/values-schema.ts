import { z } from 'zod';
import { datasets as aws } from '../../src/collectors/aws/datasets.ts';
import { kubernetesConfig } from '../../src/collectors/kubernetes/config.ts';
import { datasets as kubernetes } from '../../src/collectors/kubernetes/datasets.ts';
import { agentManifest, collectorManifest } from '../../src/config/schemas.ts';

/** Absent, in the values of a chart. */
const nothing = z.literal('');
/** What Kubernetes itself judges. */
const object = z.record(z.string(), z.unknown());
const objects = z.array(object);
const texts = z.record(z.string(), z.string());

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const subdomain = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
const name = z.string().regex(/^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$/);
const port = z.int().min(1).max(65_535);
const cidr = z.string().regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/);
const quantity = z.string().regex(/^[0-9]+(\.[0-9]+)?([kMGTPE]|[KMGTPE]i)?$/);
const peer = z.strictObject({ cidr, port });
const destination = z.strictObject({ cidrs: z.array(cidr), ports: z.array(port).min(1) });
const secretKey = z.string().regex(/^[-._a-zA-Z0-9]+$/);

const { cluster: _, kubeconfig: _from, context: _context, ...settings } = kubernetesConfig.unwrap().shape;

const kubernetesSource = z.strictObject({
  enabled: z.boolean(),
  manifest: z.boolean(),
  name: z.string().regex(label),
  cluster: z.union([nothing, kubernetesConfig.unwrap().shape.cluster]),
  datasets: z.array(z.enum(kubernetes.map((dataset) => dataset.name))).min(1),
  settings: z.strictObject(settings),
  overrides: collectorManifest.shape.spec.shape.datasets.unwrap(),
});

const subjects = z.array(
  z.strictObject({
    kind: z.enum(['User', 'Group', 'ServiceAccount']),
    name: z.string().min(1),
    namespace: z.string().optional(),
    apiGroup: z.string().optional(),
  }),
);

const { spec } = agentManifest.shape;

/** The Agent's spec: what the chart doesn't set itself. Keys of a Secret stand in for those that aren't there. */
const agent = spec
  .omit({ data: true, listen: true, sample: true, tls: true })
  .partial({ organisation: true, domain: true })
  .extend({ keys: spec.shape.keys.unwrap().partial().optional() });

const monitoring = z.strictObject({
  prometheus: z.strictObject({ namespace: subdomain, podLabels: texts, serviceAccount: name }),
  serviceMonitor: z.strictObject({
    enabled: z.boolean(),
    labels: texts,
    interval: z.string().regex(/^[0-9]+(ms|s|m|h)$/),
    tokenSecret: z.union([z.strictObject({}), z.strictObject({ name: subdomain, key: secretKey })]),
    tlsConfig: object,
  }),
  prometheusRule: z.strictObject({
    enabled: z.boolean(),
    labels: texts,
    runbooks: z.string().regex(/^(https?:\/\/\S+\/)?$/),
  }),
  dashboards: z.strictObject({ enabled: z.boolean(), namespace: name, labels: texts, annotations: texts }),
});

const networkPolicy = z.strictObject({
  enabled: z.boolean(),
  ingress: z.strictObject({ namespaces: z.array(subdomain), from: objects }),
  egress: z.strictObject({
    dns: z.strictObject({
      namespace: subdomain,
      podLabels: texts,
      cidrs: z.array(cidr),
      ports: z.array(port).min(1),
    }),
    apiServer: destination,
    https: destination,
    timestampAuthorities: z.array(peer),
    proxies: z.array(peer),
    podIdentity: z.boolean(),
    googleMetadata: z.boolean(),
    extra: objects,
  }),
});

/** Absent: `null` takes the chart's own away. */
const id = z.int().min(1).optional();

const pod = z.strictObject({
  annotations: texts,
  labels: texts,
  nodeSelector: texts,
  tolerations: objects,
  affinity: object,
  topologySpreadConstraints: objects,
  priorityClassName: z.string(),
  terminationGracePeriodSeconds: z.int().min(0),
  extraEnv: objects,
  extraVolumes: objects,
  extraVolumeMounts: objects,
});

/** The values of the chart. values.schema.json is made from this. */
export const values = z.strictObject({
  // Helm gives it to every chart that is another one's dependency.
  global: object.optional(),
  nameOverride: name,
  fullnameOverride: name,
  commonLabels: texts,
  image: z.strictObject({
    repository: z.string().regex(/^[^\s@]*$/),
    tag: z.string().regex(/^[\w.-]{0,128}$/),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: subdomain })),
  replicas: z.int().min(0),
  agent,
  config: z.strictObject({
    manifests: z.record(z.string(), z.union([z.string(), object, objects])),
    existingConfigMaps: z.array(subdomain),
    approval: z.strictObject({
      by: z.string(),
      at: z.union([nothing, z.iso.date(), z.iso.datetime({ offset: true })]),
    }),
  }),
  sources: z.strictObject({ kubernetes: kubernetesSource }),
  permissions: z.strictObject({
    aws: z.array(z.enum(['all', ...aws.map((dataset) => dataset.name)])),
    google: z.boolean(),
    github: z.boolean(),
  }),
  keys: z.strictObject({ existingSecret: name, previousSecret: name }),
  secrets: z.strictObject({
    files: z.array(z.strictObject({ secret: subdomain, directory: z.string().regex(label) })),
    env: z.array(
      z.strictObject({ name: z.string().regex(/^[A-Za-z_]\w*$/), secret: subdomain, key: secretKey }),
    ),
  }),
  tls: z.strictObject({ existingSecret: name }),
  serviceAccount: z.strictObject({
    create: z.boolean(),
    name,
    annotations: texts,
    labels: texts,
    awsRoleArn: z.string().regex(/^(arn:[\w-]+:iam::[0-9]{12}:role\/\S+)?$/),
    googleServiceAccount: z.string().regex(/^(\S+@\S+\.iam\.gserviceaccount\.com)?$/),
  }),
  rbac: z.strictObject({
    create: z.boolean(),
    roles: z.boolean(),
    bindings: z.strictObject({
      viewer: subjects,
      auditor: subjects,
      isms: subjects,
      operator: subjects,
      'metrics-reader': subjects,
    }),
  }),
  persistence: z.strictObject({
    existingClaim: name,
    storageClass: name,
    accessMode: z.enum(['ReadWriteOnce', 'ReadWriteOncePod']),
    size: quantity,
    keep: z.boolean(),
    annotations: texts,
    temporarySize: quantity,
  }),
  listen: z.strictObject({
    address: z.string().regex(/^([0-9.]+|\[[0-9a-fA-F:]+\])$/),
    port,
  }),
  service: z.strictObject({ port, annotations: texts }),
  ingress: z.strictObject({
    enabled: z.boolean(),
    className: name,
    host: name,
    tlsSecret: name,
    annotations: texts,
    controllerNamespace: subdomain,
  }),
  monitoring,
  networkPolicy,
  resources: z.strictObject({ requests: object.optional(), limits: object.optional() }),
  security: z.strictObject({ runAsUser: id, runAsGroup: id, fsGroup: id }),
  pod,
  tests: z.strictObject({ node: z.string().min(1) }),
});

/** Helm's regular expressions (RE2) have no lookahead; ours has one form of it, which limits the length. */
function withoutLookahead(schema: Record<string, unknown>): void {
  const { pattern } = schema;
  if (typeof pattern !== 'string') return;
  const found = /^\^\(\?=\.\{1,(\d+)\}\$\)(.*)$/.exec(pattern);
  if (found !== null) Object.assign(schema, { pattern: `^${found[2]}`, maxLength: Number(found[1]) });
  if (/\(\?[=!<]/.test(String(schema['pattern']))) throw new Error(`not for RE2: ${pattern}`);
}

/** values.schema.json: what Helm holds the values against, after it has filled in the chart's own where none is given. */
export function valuesSchema(): string {
  const schema = z.toJSONSchema(values, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      withoutLookahead(jsonSchema);
      delete jsonSchema.default;
    },
  });
  return `${JSON.stringify(schema, null, 2)}\n`;
}
