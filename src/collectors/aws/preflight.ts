import type { CollectorContext, PermissionReport, Scope } from '../contract.ts';
import { CollectorError } from '../error.ts';
import { UNRECORDED } from '../unrecorded.ts';
import { type Access, openAccess } from './access.ts';
import { ahead } from '../ahead.ts';
import type { AwsAccount, AwsConfig } from './config.ts';
import type { AwsDataset, AwsWorker, Work } from './dataset.ts';
import { datasets as every } from './datasets.ts';
import { failure, nameOf, statusOf } from './failure.ts';
import { openDirectory } from './organization/directory.ts';
import { partsOf, scopesOf } from './scopes.ts';
import { type Decision, simulate } from './simulate.ts';
import { statement } from './policies.ts';

type Line = PermissionReport['permissions'][number];
interface Finding {
  readonly held: Line['held'];
  /** Why it is not held, or not known. */
  readonly detail?: string;
  /** Nothing was answered: another region may tell. */
  readonly silent?: boolean;
}

/** Accounts looked at side by side. */
const ACCOUNTS = 16;
/** A probe is answered within a few seconds, or not at all. */
const TIMEOUT = 5;
const ATTEMPTS = 2;
/** Probes of one account side by side. */
const PROBES = 8;

interface Examination {
  readonly config: AwsConfig;
  readonly context: CollectorContext;
  readonly access: Access;
  readonly signal: AbortSignal;
}

/**
 * Each permission of each dataset in each scope, from IAM's own simulation where that may be asked, else by trying. Asked once an account, of
 * regional ones in one region. What can't be reached, and what is left when the signal fires, is `unknown` alone.
 */
export async function preflight(
  configured: AwsConfig,
  context: CollectorContext,
  signal: AbortSignal,
  datasets: readonly string[] = every.map(({ name }) => name),
): Promise<PermissionReport> {
  const config: AwsConfig = {
    ...configured,
    requestTimeout: Math.min(configured.requestTimeout, TIMEOUT),
    maxAttempts: Math.min(configured.maxAttempts, ATTEMPTS),
  };
  using access = openAccess(config, context);
  const examination: Examination = { config, context, access, signal };
  const { accounts, lines } = await accountsOf(examination);
  const callers = new Set<string>();
  const byAccount = Map.groupBy(scopesOf(config, accounts), ({ id }) => partsOf(id).account);
  const results = ahead(accounts, ACCOUNTS, async (account) => {
    const here = (byAccount.get(account.id) ?? []).map((scope) => placeOf(scope, datasets));
    return examineAccount(examination, account, here, callers);
  });
  const permissions: Line[] = [...lines];
  for await (const found of results) permissions.push(...found);
  return { caller: [...callers].sort().join(', '), permissions };
}

/** Where the organisation can't be listed, the configured accounts, and a line that says so. */
async function accountsOf({
  config,
  context,
  access,
  signal,
}: Examination): Promise<{ readonly accounts: readonly AwsAccount[]; readonly lines: readonly Line[] }> {
  try {
    return { accounts: await openDirectory(config, access, context).accounts(signal), lines: [] };
  } catch (error) {
    const { message } = failure('organizations:ListAccounts', error, signal);
    const line: Line = {
      dataset: 'organization-accounts',
      permission: 'organizations:ListAccounts',
      scope: '*',
      held: 'unknown',
      detail: `no member of the organisation is examined: ${message}`,
    };
    return { accounts: config.accounts, lines: [line] };
  }
}

/** A scope, and what is collected there. */
interface Place {
  readonly scope: string;
  readonly region: string | undefined;
  readonly datasets: readonly AwsDataset[];
}

function placeOf({ id, datasets }: Scope, chosen: readonly string[]): Place {
  const here = every.filter(({ name }) => chosen.includes(name) && (datasets?.includes(name) ?? true));
  return { scope: id, region: partsOf(id).region, datasets: here };
}

async function examineAccount(
  examination: Examination,
  account: AwsAccount,
  places: readonly Place[],
  callers: Set<string>,
): Promise<readonly Line[]> {
  const { config, signal } = examination;
  try {
    using work = await open(examination, account, config.region);
    callers.add(work.session.caller);
    const datasets = places.flatMap((place) => place.datasets);
    const decisions = await simulate(work, [...new Set(datasets.flatMap(({ permissions }) => permissions))]);
    const findings = new Map<string, Finding>();
    for (const [permission, decision] of decisions) findings.set(permission, ofDecision(decision));
    const unsure = new Set([...decisions].flatMap(([permission, { sure }]) => (sure ? [] : [permission])));
    for (const place of places) await tryPlace(examination, account, place, findings, unsure);
    return places.flatMap((place) => linesOf(place, findings));
  } catch (error) {
    const { message } = failure('preflight', error, signal);
    const { roleArn } = account;
    const detail =
      roleArn !== undefined && message.startsWith('sts:AssumeRole')
        ? `${message}; the collector's own identity needs ${statement(['sts:AssumeRole'], roleArn)}, and the role's trust policy must name that identity`
        : message;
    return places.flatMap((place) => linesOf(place, new Map(), detail));
  }
}

const ofDecision = ({ allowed, why }: Decision): Finding =>
  allowed ? { held: true } : { held: false, detail: why };

async function open(
  { config, context, access, signal }: Examination,
  account: AwsAccount,
  region: string,
): Promise<Work & Disposable> {
  const session = await access.session(account, region, { provenance: UNRECORDED, signal });
  return {
    session,
    account,
    region,
    scope: account.id,
    config,
    context,
    provenance: UNRECORDED,
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

/** Tries in the place what no place before has answered, and nothing twice that is answered. */
async function tryPlace(
  examination: Examination,
  account: AwsAccount,
  { datasets, region }: Place,
  findings: Map<string, Finding>,
  unsure: ReadonlySet<string>,
): Promise<void> {
  const wanted = [...new Set(datasets.flatMap(({ permissions }) => permissions))].filter(
    (permission) =>
      findings.get(permission)?.held !== true && !isSure(findings.get(permission), unsure.has(permission)),
  );
  if (wanted.length === 0) return;
  const workers = await Promise.all(datasets.map((dataset) => dataset.load()));
  using work = await open(examination, account, region ?? examination.config.region);
  const tried = ahead(wanted, PROBES, async (permission) => {
    const attempt = workers.find(({ probes }) => probes[permission] !== undefined)?.probes[permission];
    return { permission, found: await probe(work, permission, attempt) };
  });
  for await (const { permission, found } of tried)
    if (found.held !== 'unknown' || (findings.get(permission)?.silent ?? !findings.has(permission)))
      findings.set(permission, found);
}

/** A refusal is taken for an answer, unless it was simulated where conditions aren't seen. */
const isSure = (found: Finding | undefined, unsure: boolean): boolean => found?.held === false && !unsure;

/** Calls the operation for as little as it can give. */
async function probe(
  work: Work,
  permission: string,
  attempt: AwsWorker['probes'][string] | undefined,
): Promise<Finding> {
  if (attempt === undefined)
    return {
      held: 'unknown',
      detail: `it can't be tried without an effect or something to ask about; to know, add ${statement(['iam:SimulatePrincipalPolicy'])}`,
    };
  try {
    await work.session.call(permission, () => attempt(work));
    return { held: true };
  } catch (error) {
    return afterFailure(permission, error, work);
  }
}

/** An answer such as "no report yet" or "no password policy" is given only to those who may ask. */
function afterFailure(permission: string, error: unknown, { session, region }: Work): Finding {
  if (session.signal.aborted) return { held: 'unknown', detail: 'not examined in time' };
  const known = error instanceof CollectorError ? error : failure(permission, error);
  if (known.code === 'denied') {
    const [, by] = /explicit deny in an? ([a-z -]+policy)/.exec(known.message) ?? [];
    const why = `refused with ${nameOf(known.cause)}`;
    return { held: false, detail: by === undefined ? why : `${why}, by a deny in the ${by}` };
  }
  const status = statusOf(known.cause);
  if (status === 404 || status === 410) return { held: true };
  const silent = status === undefined && (known.code === 'timeout' || known.code === 'unavailable');
  return { held: 'unknown', silent, detail: silent ? `${region} did not answer` : known.message };
}

/** One line a permission and dataset; `otherwise` is why nothing is known of what has no finding. */
function linesOf(
  { scope, datasets }: Place,
  findings: ReadonlyMap<string, Finding>,
  otherwise = 'not examined',
): readonly Line[] {
  return datasets.flatMap(({ name, permissions }) => {
    const missing = permissions.filter((permission) => findings.get(permission)?.held === false);
    return permissions.map((permission): Line => {
      const { held, detail }: Finding = findings.get(permission) ?? { held: 'unknown', detail: otherwise };
      const line = { dataset: name, permission, scope, held };
      if (held === false) return { ...line, detail: `${detail}; add ${statement(missing)}` };
      return detail === undefined ? line : { ...line, detail };
    });
  });
}
