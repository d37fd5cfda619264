import { describe, expect, test } from 'vitest';
import { matches } from '../../../src/collectors/kubernetes/selector.ts';
import { imageName } from '../../../src/collectors/kubernetes/workloads/image-name.ts';
import { podSpec } from '../../../src/collectors/kubernetes/workloads/pod-spec.ts';
import { traitsOf } from '../../../src/collectors/kubernetes/workloads/traits.ts';
import { container, estate, estateWith, meta, template } from './estate.ts';
import { collected } from './harness.ts';

const traits = (own: object = {}, pod: object = {}, more: object = {}) =>
  traitsOf(podSpec.parse({ containers: [{ ...container, securityContext: own, ...more }], ...pod }));

describe('whether a container runs as root', () => {
  test.each([
    ['nothing is said', {}, {}, null],
    ['root is forbidden', { runAsNonRoot: true }, {}, false],
    ['root is forbidden to the pod', {}, { runAsNonRoot: true }, false],
    ['the container allows what the pod forbids', { runAsNonRoot: false }, { runAsNonRoot: true }, null],
    ['user 0', { runAsUser: 0 }, {}, true],
    ['user 0 of the pod', {}, { runAsUser: 0 }, true],
    ["the container's user goes before the pod's", { runAsUser: 7 }, { runAsUser: 0 }, false],
    ["root of the container goes before the pod's user", { runAsUser: 0 }, { runAsUser: 7 }, true],
  ])('%s', (_, own, pod, root) => {
    expect(traits(own, { securityContext: pod }).root).toBe(root);
  });

  test('one of them is enough, init containers too; one that may be makes it not known', () => {
    const safe = { ...container, securityContext: { runAsUser: 7 } };
    const initContainers = [{ ...container, securityContext: { runAsUser: 0 } }];
    const of = (pod: object) => traitsOf(podSpec.parse({ containers: [safe], ...pod })).root;
    expect(of({})).toBe(false);
    expect(of({ initContainers })).toBe(true);
    expect(of({ initContainers: [container] })).toBeNull();
    expect(of({ ephemeralContainers: initContainers })).toBe(true);
  });
});

describe('traits', () => {
  test.each([
    ['not forbidden', {}, true],
    ['forbidden', { allowPrivilegeEscalation: false }, false],
    [
      'forbidden to what has SYS_ADMIN',
      { allowPrivilegeEscalation: false, capabilities: { add: ['SYS_ADMIN'] } },
      true,
    ],
  ])('more rights are %s', (_, own, allowed) => expect(traits(own).escalation_allowed).toBe(allowed));

  test('memory is limited by every lasting container, or by the pod', () => {
    const limited = { resources: { limits: { memory: '1Gi' } } };
    expect(traits().memory_limited).toBe(false);
    expect(traits({}, {}, limited).memory_limited).toBe(true);
    expect(traits({}, limited).memory_limited).toBe(true);
    expect(
      traits({}, { initContainers: [{ ...container, restartPolicy: 'Always' }] }, limited).memory_limited,
    ).toBe(false);
    expect(traits({}, { initContainers: [container] }, limited).memory_limited).toBe(true);
    expect(traits({}, {}, { resources: { limits: { cpu: '1' } } }).memory_limited).toBe(false);
  });

  const zone = 'topology.kubernetes.io/zone';
  const term = { topologyKey: zone, labelSelector: {} };
  test.each([
    ['nothing', {}, 'none'],
    [
      'over hosts',
      {
        topologySpreadConstraints: [
          { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      },
      'none',
    ],
    [
      'over zones, if it can',
      { topologySpreadConstraints: [{ topologyKey: zone, whenUnsatisfiable: 'ScheduleAnyway' }] },
      'preferred',
    ],
    [
      'over zones',
      { topologySpreadConstraints: [{ topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule' }] },
      'required',
    ],
    [
      'apart',
      { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
      'required',
    ],
    [
      'apart, if it can',
      {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }],
          },
        },
      },
      'preferred',
    ],
  ])('spread: %s', (_, pod, expected) => expect(traits({}, pod).zone_spread).toBe(expected));
});

describe('a label selector', () => {
  const of = (own: object) => ({ matchLabels: {}, matchExpressions: [], ...own });
  const expression = (
    key: string,
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
    values: string[] = [],
  ) => of({ matchExpressions: [{ key, operator, values }] });
  test.each([
    ['of nothing takes all', of({}), true],
    ['of a label', of({ matchLabels: { app: 'web' } }), true],
    ['of another value', of({ matchLabels: { app: 'db' } }), false],
    ['In', expression('app', 'In', ['web', 'x']), true],
    ['In, without the label', expression('tier', 'In', ['web']), false],
    ['NotIn', expression('app', 'NotIn', ['web']), false],
    ['NotIn, without the label', expression('tier', 'NotIn', ['web']), true],
    ['Exists', expression('app', 'Exists'), true],
    ['DoesNotExist', expression('app', 'DoesNotExist'), false],
  ])('%s', (_, selector, expected) => expect(matches(selector, { app: 'web' })).toBe(expected));
});

describe('the name of an image', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  test.each([
    ['nginx', 'docker.io', 'docker.io/library/nginx', ''],
    ['nginx:1.27', 'docker.io', 'docker.io/library/nginx', ''],
    ['someone/tool', 'docker.io', 'docker.io/someone/tool', ''],
    ['docker.io/library/nginx', 'docker.io', 'docker.io/library/nginx', ''],
    ['localhost/tool:1', 'localhost', 'localhost/tool', ''],
    ['host:5000/a/b:1', 'host:5000', 'host:5000/a/b', ''],
    [`ghcr.io/a/b@${digest}`, 'ghcr.io', 'ghcr.io/a/b', digest],
    [`ghcr.io/a/b:1@${digest}`, 'ghcr.io', 'ghcr.io/a/b', digest],
    ['ghcr.io/a/b@sha256:short', 'ghcr.io', 'ghcr.io/a/b@sha256', ''],
  ])('%s', (image, registry, repository, expected) => {
    expect(imageName(image)).toEqual({ registry, repository, digest: expected });
  });
});

describe('what a namespace adds', () => {
  const policies = '/apis/networking.k8s.io/v1/networkpolicies';
  const policy = (spec: object) => ({ metadata: meta('p'), spec });
  const deployment = async (planted: Parameters<typeof collected>[1]) =>
    (await collected('workloads', planted)).records.find(({ id }) => id.includes(':deployment/'));

  test.each([
    ['one that selects it', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] }, true],
    [
      'one that selects others',
      { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] },
      false,
    ],
    ['one for what goes out', { podSelector: {}, policyTypes: ['Egress'] }, false],
    ['one that opens it', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] }, false],
    [
      'one that opens a port',
      { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80 }] }] },
      true,
    ],
  ])('a network policy: %s', async (_, spec, isolated) => {
    expect(await deployment(estateWith(policies, policy(spec)))).toMatchObject({
      ingress_isolated: isolated,
    });
  });

  test('one that opens everything undoes one that denies', async () => {
    const deny = policy({ podSelector: {}, policyTypes: ['Ingress'] });
    const open = policy({
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Ingress'],
      ingress: [{}],
    });
    expect(await deployment(estateWith(policies, deny, open))).toMatchObject({ ingress_isolated: false });
  });

  test('a policy of another namespace, and the network of the node', async () => {
    const all = estateWith(policies, policy({ podSelector: {}, policyTypes: ['Ingress'] }));
    const make = (name: string, namespace: string, spec: object) => ({
      metadata: meta(name, {}, namespace),
      spec: { replicas: 1, template: { ...template, spec } },
    });
    all.set('/apis/apps/v1/deployments', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      objects: [
        make('a', 'other', template.spec),
        make('b', 'shop', { ...template.spec, hostNetwork: true }),
        make('c', 'shop', template.spec),
      ],
    });
    const { records } = await collected('workloads', all);
    expect(records.filter(({ id }) => id.includes(':deployment/'))).toMatchObject([
      { name: 'a', ingress_isolated: false },
      { name: 'b', ingress_isolated: false },
      { name: 'c', ingress_isolated: true },
    ]);
  });

  test('a default limit of memory, and an account without a token', async () => {
    const spec = { limits: [{ type: 'Container', default: { memory: '1Gi' } }] };
    expect(await deployment(estate())).toMatchObject({ memory_limited: false, token_mounted: true });
    expect(await deployment(estateWith('/api/v1/limitranges', { metadata: meta('a'), spec }))).toMatchObject({
      memory_limited: true,
    });
    expect(
      await deployment(
        estateWith('/api/v1/serviceaccounts', {
          metadata: meta('default'),
          automountServiceAccountToken: false,
        }),
      ),
    ).toMatchObject({ token_mounted: false });
  });
});

test.each([
  ['one that takes in every pod', [{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] }], true, true],
  [
    'one with rules',
    [{ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80 }] }] }],
    true,
    false,
  ],
  [
    'one for some pods',
    [{ podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] }],
    false,
    false,
  ],
  [
    'one that denies and one that opens everything',
    [
      { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] },
    ],
    false,
    true,
  ],
  ['none', [], false, false],
])('what a namespace denies by default: %s', async (_, specs, ingress, egress) => {
  const policies = specs.map((spec, index) => ({ metadata: meta(`p${index}`), spec }));
  const planted = estateWith('/apis/networking.k8s.io/v1/networkpolicies', ...policies);
  const objects = [{ metadata: meta('shop', {}, '') }, { metadata: meta('other', {}, '') }];
  planted.set('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', objects });
  expect((await collected('namespaces', planted)).records).toMatchObject([
    { name: 'shop', default_deny_ingress: ingress, default_deny_egress: egress },
    { name: 'other', default_deny_ingress: false, default_deny_egress: false },
  ]);
});

test('a word that is no level of pod security is not known', async () => {
  const labels = {
    'pod-security.kubernetes.io/enforce': 'strict',
    'pod-security.kubernetes.io/warn': 'baseline',
  };
  const { records } = await collected(
    'namespaces',
    estateWith('/api/v1/namespaces', { metadata: meta('a', { labels }, '') }),
  );
  expect(records).toMatchObject([{ enforced_level: null, warned_level: 'baseline', audited_level: 'none' }]);
});

test('an object without what is read of it is named', async () => {
  const planted = estateWith('/apis/apps/v1/deployments', {
    metadata: meta('broken'),
    spec: { template: { spec: {} } },
  });
  await expect(collected('workloads', planted)).rejects.toMatchObject({
    code: 'malformed',
    message: expect.stringMatching(
      /^list apps\/deployments: shop\/broken: spec\.template\.spec\.containers: /,
    ),
  });
});

test('images of pods with the same template are told once, and those of pods that ended are not', async () => {
  const owner = {
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d', uid: 'x', controller: true },
    ],
    labels: { 'pod-template-hash': '5d' },
  };
  const pod = (name: string, phase: string) => ({
    metadata: meta(name, owner),
    spec: template.spec,
    status: { phase },
  });
  const { records } = await collected(
    'images',
    estateWith('/api/v1/pods', pod('a', 'Running'), pod('b', 'Running'), pod('c', 'Pending')),
  );
  expect(records).toMatchObject([{ workload_type: 'Deployment', workload: 'web', running_digest: '' }]);
  await expect(collected('images', estateWith('/api/v1/pods', pod('a', 'Succeeded')))).resolves.toMatchObject(
    { records: [] },
  );
});
