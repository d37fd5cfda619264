/** A permission in the words of a role's rule. */
export interface Rule {
  readonly apiGroups: readonly [string];
  readonly resources: readonly [string];
  readonly resourceNames?: readonly [string];
  readonly verbs: readonly [string];
}

/** The rule that a permission of a dataset stands for. */
export function ruleOf(permission: string): Rule {
  const [verb = '', path = ''] = permission.split(' ');
  const parts = path.split('/');
  if (verb === 'get')
    return { apiGroups: [''], resources: [parts[0]!], resourceNames: [parts[1]!], verbs: [verb] };
  const [group, resource] = parts.length === 1 ? ['', parts[0]!] : [parts[0]!, parts[1]!];
  return { apiGroups: [group], resources: [resource], verbs: [verb] };
}

/** The rule on one line, to be pasted into a role. */
export function ruleText(permission: string): string {
  return JSON.stringify(ruleOf(permission));
}

/** A ClusterRole with one rule a permission, in YAML. */
function clusterRole(name: string, permissions: readonly string[]): string {
  const rules = [...new Set(permissions)].sort().flatMap((permission) => {
    const { apiGroups, resources, resourceNames, verbs } = ruleOf(permission);
    const list = (items: readonly string[]): string => `[${items.map((item) => `"${item}"`).join(', ')}]`;
    return [
      `  - apiGroups: ${list(apiGroups)}`,
      `    resources: ${list(resources)}`,
      ...(resourceNames === undefined ? [] : [`    resourceNames: ${list(resourceNames)}`]),
      `    verbs: ${list(verbs)}`,
    ];
  });
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    'kind: ClusterRole',
    `metadata:`,
    `  name: ${name}`,
    'rules:',
    ...rules,
    '',
  ].join('\n');
}

/** The files of deploy/permissions by name, each with its content. */
export function permissionFiles(
  datasets: readonly { readonly name: string; readonly permissions: readonly string[] }[],
): ReadonlyMap<string, string> {
  return new Map([
    ...datasets.map(
      ({ name, permissions }) =>
        [`kubernetes-${name}.yaml`, clusterRole(`annexa-${name}`, permissions)] as const,
    ),
    [
      'kubernetes-all.yaml',
      clusterRole(
        'annexa',
        datasets.flatMap(({ permissions }) => permissions),
      ),
    ],
  ]);
}
