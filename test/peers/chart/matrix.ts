import type { Values } from './helm.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const collector = (name: string): Values => ({
  apiVersion: 'annexa.dev/v1alpha1',
  kind: 'Collector',
  metadata: { name },
  spec: {
    plugin: 'bamboohr',
    settings: {
      company: 'acme',
      apiKey: { env: 'BAMBOOHR_API_KEY' },
      types: { Staff: 'employee' },
      timeZone: 'UTC',
    },
  },
});

/** Values beside what is needed, by what they are for. */
export const MATRIX: Readonly<Record<string, Values>> = {
  'nothing else': {},
  'every dataset of the cluster': {
    sources: {
      kubernetes: {
        datasets: [
          'rbac',
          'namespaces',
          'workloads',
          'images',
          'nodes',
          'cluster-certificates',
          'velero',
          'volume-snapshots',
          'backup-cronjobs',
        ],
        settings: { pageSize: 500, backups: { cronJobSelector: { matchLabels: { purpose: 'backup' } } } },
      },
    },
  },
  'no cluster, static tokens alone': {
    agent: {
      access: {
        kubernetes: null,
        tokens: [
          { name: 'grafana', sha256: 'b'.repeat(64), roles: ['viewer'], expires: '2027-01-01T00:00:00Z' },
        ],
      },
    },
    sources: { kubernetes: { enabled: false } },
  },
  'everything of monitoring': {
    monitoring: {
      prometheus: { namespace: 'observe', serviceAccount: 'prometheus-k8s' },
      serviceMonitor: { enabled: true, labels: { release: 'kube-prometheus-stack' } },
      prometheusRule: {
        enabled: true,
        labels: { release: 'kube-prometheus-stack' },
        runbooks: 'https://git.acme.example/annexa/',
      },
      dashboards: { enabled: true, annotations: { folder: 'ISMS' } },
    },
  },
  'a scrape with a token over TLS': {
    tls: { existingSecret: 'annexa-tls' },
    monitoring: {
      serviceMonitor: {
        enabled: true,
        tokenSecret: { name: 'annexa-scrape', key: 'token' },
        tlsConfig: { insecureSkipVerify: true },
      },
    },
  },
  'keys that rotate and secrets': {
    keys: { existingSecret: 'annexa-keys', previousSecret: 'annexa-keys-2026' },
    secrets: {
      files: [{ secret: 'annexa-github', directory: 'github' }],
      env: [{ name: 'BAMBOOHR_API_KEY', secret: 'annexa-bamboohr', key: 'apiKey' }],
    },
  },
  'signing keys in KMS': {
    agent: {
      keys: {
        envelope: { kms: 'alias/annexa-envelope', region: 'eu-central-1' },
        checkpoint: { kms: 'alias/annexa-checkpoint', region: 'eu-central-1' },
      },
    },
    keys: { existingSecret: 'annexa-keys' },
  },
  IRSA: {
    serviceAccount: { awsRoleArn: 'arn:aws:iam::123456789012:role/annexa' },
    permissions: { aws: ['iam-identities', 'ebs-volumes'] },
  },
  'EKS Pod Identity': {
    networkPolicy: { egress: { podIdentity: true } },
    permissions: { aws: ['all'], google: true, github: true },
  },
  'Workload Identity of GKE': {
    serviceAccount: { googleServiceAccount: 'annexa@acme.iam.gserviceaccount.com' },
    networkPolicy: { egress: { googleMetadata: true } },
  },
  'Workload Identity of Azure': {
    serviceAccount: { annotations: { 'azure.workload.identity/client-id': '0f0f' } },
    pod: { labels: { 'azure.workload.identity/use': 'true' } },
  },
  'an account and a claim of one’s own': {
    serviceAccount: { create: false, name: 'isms' },
    rbac: { create: false, roles: false },
    persistence: { existingClaim: 'evidence' },
  },
  'an ingress': {
    ingress: {
      enabled: true,
      className: 'nginx',
      host: 'annexa.acme.example',
      tlsSecret: 'annexa-acme-example',
      annotations: { 'cert-manager.io/cluster-issuer': 'acme' },
    },
    rbac: {
      bindings: {
        viewer: [{ kind: 'Group', name: 'isms', apiGroup: 'rbac.authorization.k8s.io' }],
        auditor: [{ kind: 'ServiceAccount', name: 'audit', namespace: 'audit' }],
      },
    },
  },
  'a closed network': {
    networkPolicy: {
      ingress: {
        namespaces: ['grafana'],
        from: [{ podSelector: { matchLabels: { app: 'isms' } } }],
      },
      egress: {
        dns: {
          namespace: 'openshift-dns',
          podLabels: { 'dns.operator.openshift.io/daemonset-dns': 'default' },
          cidrs: [],
          ports: [5353],
        },
        apiServer: { cidrs: ['10.0.0.1/32'], ports: [6443] },
        https: { cidrs: [] },
        timestampAuthorities: [{ cidr: '192.0.2.10/32', port: 80 }],
        proxies: [{ cidr: '10.1.0.5/32', port: 3128 }],
        extra: [{ to: [{ podSelector: { matchLabels: { app: 'hr' } } }], ports: [{ port: 8443 }] }],
      },
    },
    pod: { extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://10.1.0.5:3128' }] },
  },
  'no network policy': { networkPolicy: { enabled: false } },
  'ids that the cluster gives': { security: { runAsUser: null, runAsGroup: null, fsGroup: null } },
  'where and what it runs': {
    image: { digest: DIGEST },
    imagePullSecrets: [{ name: 'registry' }],
    commonLabels: { team: 'isms' },
    fullnameOverride: 'evidence',
    pod: {
      annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' },
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'isms', operator: 'Exists' }],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }],
          },
        },
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {} },
      ],
      priorityClassName: 'system-cluster-critical',
      extraVolumes: [{ name: 'registers', emptyDir: {} }],
      extraVolumeMounts: [{ name: 'registers', mountPath: '/registers' }],
    },
    persistence: { storageClass: 'encrypted', accessMode: 'ReadWriteOncePod', size: '200Gi' },
  },
  'manifests of every form': {
    agent: { shutdownGrace: '2m', evaluateEvery: '5m' },
    config: {
      manifests: {
        'people.yaml': collector('a'),
        'more.yml': [collector('b'), collector('c')],
        'text.yaml': JSON.stringify(collector('d')),
      },
      existingConfigMaps: ['annexa-checks', 'annexa-registers'],
      approval: { by: 'M. Ruiz, CISO', at: '2026-11-02T09:00:00Z' },
    },
  },
  'stopped, to work on the volume': { replicas: 0 },
};

const access = { kubernetes: null };

/** Values that are refused, and what is said of each. */
export const REFUSED: readonly (readonly [Values, RegExp])[] = [
  [{ replicas: 2 }, /replicas: 2 is refused: .*one writer/],
  [{ replicas: -1 }, /at '\/replicas': minimum: got -1, want 0/],
  [{ image: { tagg: '1' } }, /at '\/image': additional properties 'tagg' not allowed/],
  [{ image: { digest: 'sha256:1' } }, /at '\/image\/digest': 'sha256:1' does not match pattern/],
  [{ image: { repository: '' } }, /image\.repository: required/],
  [
    { podDisruptionBudget: { enabled: true } },
    /at '': additional properties 'podDisruptionBudget' not allowed/,
  ],
  [{ persistence: { enabled: false } }, /at '\/persistence': additional properties 'enabled' not allowed/],
  [{ persistence: { accessMode: 'ReadWriteMany' } }, /at '\/persistence\/accessMode': value must be one of/],
  [{ persistence: { size: 20 } }, /at '\/persistence\/size': got number, want string/],
  [{ security: { runAsUser: 0 } }, /at '\/security\/runAsUser': minimum: got 0, want 1/],
  [{ security: { privileged: true } }, /at '\/security': additional properties 'privileged' not allowed/],
  [{ agent: { domain: 'https://acme.example' } }, /at '\/agent\/domain': .* does not match pattern/],
  [{ agent: { shutdownGrace: 30 } }, /at '\/agent\/shutdownGrace': got number, want string/],
  [
    { agent: { witnesses: [{ name: 'east' }] } },
    /at '\/agent\/witnesses\/0': missing properties 'url', 'key'/,
  ],
  [{ agent: { data: '/elsewhere' } }, /at '\/agent': additional properties 'data' not allowed/],
  [{ agent: { access } }, /agent\.access: required: .* expected tokens, kubernetes or oidc/],
  [{ sources: { kubernetes: { cluster: '' } } }, /sources\.kubernetes\.cluster: required/],
  [
    { sources: { kubernetes: { datasets: ['secrets'] } } },
    /at '\/sources\/kubernetes\/datasets\/0': value must be one of/,
  ],
  [
    { sources: { kubernetes: { datasets: ['backup-cronjobs'] } } },
    /sources\.kubernetes\.settings\.backups: required/,
  ],
  [{ permissions: { aws: ['everything'] } }, /at '\/permissions\/aws\/0': value must be one of 'all'/],
  [
    { secrets: { files: [{ secret: 'a', directory: 'keys' }] } },
    /secrets\.files: the directory keys is the chart's own/,
  ],
  [
    { monitoring: { prometheusRule: { runbooks: 'git.acme.example' } } },
    /at '\/monitoring\/prometheusRule\/runbooks': .* does not match/,
  ],
  [{ keys: { existingSecret: 'UPPER' } }, /at '\/keys\/existingSecret': 'UPPER' does not match pattern/],
  [{ keys: { previousSecret: 'old' } }, /keys\.existingSecret: required beside keys\.previousSecret/],
  [
    { config: { manifests: { 'notes.txt': '' } } },
    /config\.manifests\.notes\.txt: expected the name of a file/,
  ],
  [
    { config: { manifests: { 'agent.yaml': '' } } },
    /config\.manifests\.agent\.yaml: the chart writes a file of that name/,
  ],
  [{ config: { approval: { by: 'M. Ruiz' } } }, /config\.approval: expected both by and at, or neither/],
  [{ ingress: { enabled: true, host: 'a.example' } }, /ingress\.tlsSecret: required/],
  [
    { networkPolicy: { egress: { dns: { ports: [99_999] } } } },
    /at '\/networkPolicy\/egress\/dns\/ports\/0': maximum/,
  ],
  [{ listen: { address: 'localhost' } }, /at '\/listen\/address': 'localhost' does not match pattern/],
];
