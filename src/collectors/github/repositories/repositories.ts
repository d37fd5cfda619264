import type { InventoryRecord } from '../../../inventory/kind.ts';
import type { BranchRecord } from '../../../inventory/kinds/branch.ts';
import type { RepositoryRecord } from '../../../inventory/kinds/repository.ts';
import type { ScanCoverageRecord } from '../../../inventory/kinds/scan-coverage.ts';
import { CollectorError } from '../../error.ts';
import { connectionPages } from '../connection.ts';
import { common, type GithubWorker, idOf, type Work } from '../dataset.ts';
import { visible } from '../opening.ts';
import { type Analysis, listAnalyses } from './analysis.ts';
import { effective } from './effective.ts';
import { type Repository, REPOSITORIES, repositoriesAnswer } from './query.ts';
import { learnRulesets, type Rulesets } from './rulesets.ts';

const OPERATION = 'graphql:organization.repositories';
/** Repositories a query: few enough that GitHub answers, many enough for an estate of thousands. */
const BATCH = 50;

/** Repositories and their default branches, with their protection as it takes effect. */
export const repositories: GithubWorker = {
  collect,
  probes: {
    'Repository permissions: Metadata (read)': (work) => fetchBatch(work, undefined, 1),
    'Repository permissions: Administration (read)': probeAdministration,
    'Repository permissions: Dependabot alerts (read)': (work) => fetchBatch(work, undefined, 1),
  },
};

async function* collect(work: Work): AsyncGenerator<InventoryRecord, void, undefined> {
  const listing = await openListing(work);
  const rulesets: Rulesets = new Map();
  const paging = {
    operation: OPERATION,
    fetch: (after: string | undefined, first: number) => fetchBatch(work, after, first),
    pageOf: (page: Awaited<ReturnType<typeof fetchBatch>>) => page,
    first: BATCH,
  };
  for await (const { nodes } of connectionPages(paging)) {
    await learnRulesets(work, rulesets, nodes.flatMap(rulesetsOf));
    for (const node of nodes) yield* recordsOf(work, node, await listing.take(node.databaseId), rulesets);
  }
  await listing.end();
}

async function fetchBatch({ session, organization }: Work, after: string | undefined, first: number) {
  const { login } = organization;
  const answer = await session.query(OPERATION, REPOSITORIES, { login, first, after }, repositoriesAnswer);
  return visible(OPERATION, answer.organization).repositories;
}

const rulesetsOf = ({ defaultBranchRef }: Repository): readonly string[] =>
  (defaultBranchRef?.rules?.nodes ?? []).flatMap(({ repositoryRuleset }) => repositoryRuleset?.id ?? []);

interface Listing {
  /** What the REST API tells of the repository. One that it doesn't list may have been made in between: then it is asked once more. */
  take(id: number): Promise<Analysis>;
  /** Rejects with `incomplete` when it lists repositories that didn't come otherwise. */
  end(): Promise<void>;
}

async function openListing(work: Work): Promise<Listing> {
  let listed = await listAnalyses(work);
  let again = false;
  const taken = new Set<number>();
  const relist = async (): Promise<void> => {
    if (again) return;
    again = true;
    listed = await listAnalyses(work);
  };
  return {
    take: async (id) => {
      if (!listed.has(id)) await relist();
      const found = listed.get(id);
      if (found === undefined)
        throw new CollectorError('incomplete', `GET /orgs/{org}/repos: doesn't list repository ${id}`);
      taken.add(id);
      return found;
    },
    end: async () => {
      const missing = () => [...listed.keys()].filter((id) => !taken.has(id));
      if (missing().length > 0) await relist();
      const [first] = missing();
      if (first !== undefined)
        throw new CollectorError(
          'incomplete',
          `${OPERATION}: repository ${first} didn't come, but is listed`,
        );
    },
  };
}

/** Whether what administrators alone are told would be told of the repository. */
const isSeen = ({ organization }: Work, { viewerCanAdminister }: Repository): boolean =>
  viewerCanAdminister || organization.administration;

function* recordsOf(
  work: Work,
  node: Repository,
  analysis: Analysis,
  rulesets: Rulesets,
): Generator<InventoryRecord, void, undefined> {
  const seen = isSeen(work, node);
  const record = repositoryOf(work, node, analysis, seen);
  yield record;
  yield* coverageOf(work, record);
  const branch = node.defaultBranchRef;
  if (branch === null) return;
  const protectedBranch: BranchRecord = {
    ...common(work, 'branch', `branch/${node.databaseId}/default`),
    repository: record.id,
    repository_name: node.nameWithOwner,
    archived: node.isArchived,
    name: branch.name,
    is_default: true,
    ...effective(branch, seen, rulesets, node.nameWithOwner),
  };
  yield protectedBranch;
}

/** The id of a repository's record. */
export function repositoryId(scope: string, id: number): string {
  return idOf(scope, `repository/${id}`);
}

const VISIBILITY = { PUBLIC: 'public', INTERNAL: 'internal', PRIVATE: 'private' } as const;

function repositoryOf(work: Work, node: Repository, analysis: Analysis, seen: boolean): RepositoryRecord {
  return {
    ...common(work, 'repository', `repository/${node.databaseId}`),
    name: node.name,
    full_name: node.nameWithOwner,
    visibility: VISIBILITY[node.visibility],
    archived: node.isArchived,
    fork: node.isFork,
    template: node.isTemplate,
    default_branch: node.defaultBranchRef?.name ?? '',
    created_at: node.createdAt,
    ...analysis,
    dependency_alerts: node.hasVulnerabilityAlertsEnabled ? true : seen ? false : null,
  };
}

/** Dependencies are held against what becomes known, as long as alerts are on. Where that can't be told, nothing is told. */
function* coverageOf(work: Work, record: RepositoryRecord): Generator<ScanCoverageRecord, void, undefined> {
  if (record.dependency_alerts === null || record.archived) return;
  const on = record.dependency_alerts;
  yield {
    ...common(work, 'scan_coverage', `dependencies/${record.id.slice(record.id.lastIndexOf('/') + 1)}`),
    resource: record.full_name,
    name: record.full_name,
    resource_type: 'source_code',
    region: '',
    scan_type: 'dependency',
    active: on,
    stopped: false,
    cause: on ? '' : 'vulnerability alerts are off',
    last_scanned_at: null,
  };
}

/** A repository that its viewer doesn't administer hides its classic protection without a word. */
async function probeAdministration(work: Work): Promise<unknown> {
  const { nodes } = await fetchBatch(work, undefined, BATCH);
  if (nodes.length === 0) return 'untold';
  const hidden = nodes.find((node) => !isSeen(work, node));
  if (hidden === undefined) return undefined;
  throw new CollectorError('denied', `${hidden.nameWithOwner} isn't administered by who asks`);
}
