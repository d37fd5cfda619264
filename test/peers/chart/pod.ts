import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Running, watched } from '../../e2e/process.ts';

/** What a kubelet is told of a pod, as far as this one understands it. A volume or a field of the container that it doesn't know is an error. */
const mount = z.strictObject({
  name: z.string(),
  mountPath: z.string(),
  readOnly: z.boolean().default(false),
});
const container = z.object({
  name: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
  volumeMounts: z.array(mount).default([]),
  securityContext: z.object({
    readOnlyRootFilesystem: z.literal(true),
    allowPrivilegeEscalation: z.literal(false),
  }),
});
const volume = z.union([
  z.object({
    name: z.string(),
    projected: z.object({ sources: z.array(z.strictObject({ configMap: z.object({ name: z.string() }) })) }),
  }),
  z.object({ name: z.string(), secret: z.object({ secretName: z.string(), defaultMode: z.literal(0o400) }) }),
  z.object({ name: z.string(), persistentVolumeClaim: z.object({ claimName: z.string() }) }),
  z.object({ name: z.string(), emptyDir: z.object({}) }),
]);
const podSpec = z.object({
  serviceAccountName: z.string().optional(),
  automountServiceAccountToken: z.boolean(),
  securityContext: z.object({
    runAsUser: z.int(),
    runAsGroup: z.int(),
    fsGroup: z.int(),
    runAsNonRoot: z.literal(true),
  }),
  containers: z.array(container).length(1),
  volumes: z.array(volume).default([]),
});

/** What the machine gives a pod. */
export interface Node {
  /** A directory of its own, readable for everybody. */
  readonly directory: string;
  /** Of the image: the bundle, and what its entrypoint is. */
  readonly app: string;
  readonly entrypoint: readonly string[];
  /** What a ConfigMap or a Secret holds, as text. */
  content(kind: 'configmaps' | 'secrets', name: string): Promise<Readonly<Record<string, string>>>;
  /** The directory of a claim. */
  readonly claims: Readonly<Record<string, string>>;
  /** Names that resolve to this machine. */
  readonly hosts: readonly string[];
  /** Where the API server is, and a new token of the account. */
  readonly api: { readonly port: number; readonly ca: string; token(account: string): Promise<string> };
}

/** Starts the one container of a pod, in a mount namespace of its own. */
export async function runPod(spec: unknown, node: Node): Promise<Running> {
  const { volumes, containers, securityContext, ...pod } = podSpec.parse(spec);
  const [{ name, command, args, env, volumeMounts }] = z.tuple([container]).parse(containers);
  const group = securityContext.fsGroup;
  const stage = join(node.directory, name);
  const mounts: string[] = [];
  for (const { name: of, mountPath, readOnly } of volumeMounts) {
    const found = volumes.find((one) => one.name === of);
    if (found === undefined) throw new Error(`no volume ${of}`);
    const source = await provide(found, join(stage, of), node, group);
    mounts.push(`${readOnly ? 'ro' : 'rw'} ${source} ${mountPath}`);
  }
  if (pod.automountServiceAccountToken) {
    const source = join(stage, 'account');
    const token = await node.api.token(pod.serviceAccountName ?? 'default');
    await fill(source, { token, 'ca.crt': node.api.ca }, { group, mode: 0o640 });
    mounts.push(`ro ${source} /var/run/secrets/kubernetes.io/serviceaccount`);
  }
  const etc = join(stage, 'etc');
  await fill(
    etc,
    { hosts: `127.0.0.1 ${node.hosts.join(' ')}\n`, 'nsswitch.conf': 'hosts: files\n' },
    { group: 0, mode: 0o644 },
  );
  const root = join(stage, 'root');
  await mkdir(root, { recursive: true });
  const who = [securityContext.runAsUser, securityContext.runAsGroup, group].map(String);
  const words = [root, process.execPath, node.app, etc, ...who, ...(command ?? node.entrypoint), ...args];
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', join(import.meta.dirname, 'pod.sh'), ...words],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: '/nodejs/bin:/usr/local/bin:/usr/bin:/bin',
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String(node.api.port),
        POD_MOUNTS: mounts.join('\n'),
        ...Object.fromEntries(env.map((one) => [one.name, one.value])),
      },
    },
  );
  return watched(child);
}

/** What stands behind a volume, with the owner and the modes that a kubelet gives it. */
async function provide(
  found: z.infer<typeof volume>,
  path: string,
  node: Node,
  group: number,
): Promise<string> {
  if ('persistentVolumeClaim' in found) {
    const claim = node.claims[found.persistentVolumeClaim.claimName];
    if (claim === undefined) throw new Error(`no claim ${found.persistentVolumeClaim.claimName}`);
    await shared(claim, group);
    return claim;
  }
  if ('emptyDir' in found) {
    await shared(path, group);
    return path;
  }
  if ('secret' in found) {
    // Its group may read what its owner, root, may: the mode and 0440.
    const content = await node.content('secrets', found.secret.secretName);
    await fill(path, content, { group, mode: found.secret.defaultMode | 0o440 });
    return path;
  }
  const parts = await Promise.all(
    found.projected.sources.map(({ configMap }) => node.content('configmaps', configMap.name)),
  );
  await fill(path, Object.assign({}, ...parts), { group, mode: 0o644 });
  return path;
}

async function shared(path: string, group: number): Promise<void> {
  await mkdir(path, { recursive: true });
  await chown(path, 0, group);
  await chmod(path, 0o2775);
}

/** Files as a kubelet writes them: in a directory that `..data` leads to, so that all change at once. */
async function fill(
  path: string,
  content: Readonly<Record<string, string>>,
  as: { readonly group: number; readonly mode: number },
): Promise<void> {
  const inner = join(path, '..1');
  await mkdir(inner, { recursive: true });
  await symlink('..1', join(path, '..data'));
  for (const [name, text] of Object.entries(content)) {
    await writeFile(join(inner, name), text);
    await chown(join(inner, name), 0, as.group);
    await chmod(join(inner, name), as.mode);
    await symlink(join('..data', name), join(path, name));
  }
}
