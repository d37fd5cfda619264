import { z } from 'zod';

/** A rule of a role as the API server holds it; rules on paths that are no resources have no `resources`. */
export const rule = z.object({
  verbs: z.array(z.string()),
  apiGroups: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  resourceNames: z.array(z.string()).default([]),
});
type Rule = z.output<typeof rule>;

/** What the rules of a role allow together, as far as it is looked at. */
export interface Power {
  readonly administrator: boolean;
  readonly wildcard: boolean;
  readonly escalates: boolean;
  readonly readsSecrets: boolean;
  readonly executes: boolean;
}

export const NO_POWER: Power = {
  administrator: false,
  wildcard: false,
  escalates: false,
  readsSecrets: false,
  executes: false,
};

const RBAC = 'rbac.authorization.k8s.io';
const READING = ['get', 'list', 'watch'];

/** A resource that lets in, with its verb. A GET of some opens a connection, too. */
const EXECUTING = [
  ['pods/exec', ['create', 'get']],
  ['pods/attach', ['create', 'get']],
  ['pods/portforward', ['create', 'get']],
  ['pods/proxy', ['create', 'get']],
  ['pods/ephemeralcontainers', ['update', 'patch']],
  ['nodes/proxy', ['create', 'get']],
] as const;

const ESCALATING = [
  [RBAC, 'roles', ['escalate', 'bind']],
  [RBAC, 'clusterroles', ['escalate', 'bind']],
  ['', 'users', ['impersonate']],
  ['', 'groups', ['impersonate']],
  ['', 'serviceaccounts', ['impersonate']],
  ['', 'serviceaccounts/token', ['create']],
] as const;

/** Rules only add to each other. A rule for objects by name reaches less, but what it reaches it reaches whole, so it counts, except for `administrator`. */
export function powerOf(rules: readonly Rule[]): Power {
  const may = (group: string, resource: string, verbs: readonly string[]): boolean =>
    rules.some((rule) => verbs.some((verb) => allows(rule, group, resource, verb)));
  return {
    administrator: rules.some(isEverything),
    wildcard: rules.some(isWildcard),
    escalates: ESCALATING.some(([group, resource, verbs]) => may(group, resource, verbs)),
    readsSecrets: may('', 'secrets', READING),
    executes: EXECUTING.some(([resource, verbs]) => may('', resource, verbs)),
  };
}

function isEverything({ verbs, apiGroups, resources, resourceNames }: Rule): boolean {
  return (
    verbs.includes('*') && apiGroups.includes('*') && resources.includes('*') && resourceNames.length === 0
  );
}

function isWildcard({ verbs, resources }: Rule): boolean {
  return resources.length > 0 && (verbs.includes('*') || resources.includes('*'));
}

/** As the API server matches: a star is every resource and subresource, a star before a slash that subresource of every one. */
function allows(
  { verbs, apiGroups, resources }: Rule,
  group: string,
  resource: string,
  verb: string,
): boolean {
  const subresource = resource.split('/')[1];
  return (
    (verbs.includes('*') || verbs.includes(verb)) &&
    (apiGroups.includes('*') || apiGroups.includes(group)) &&
    (resources.includes('*') ||
      resources.includes(resource) ||
      (subresource !== undefined && resources.includes(`*/${subresource}`)))
  );
}
