import type { CheckQuery } from '../../../src/inventory/query-contract.ts';

type Draft = Pick<CheckQuery, 'fails'> & Partial<CheckQuery>;

function query(name: string, draft: Draft): CheckQuery {
  return { name, kind: 'identity', reason: `'${name}: ' || it.name`, params: {}, ...draft };
}

const WHERES = [
  'it.enabled',
  "it.enabled AND it.type = 'user'",
  'it.can_sign_in',
  undefined,
  'it.enabled AND it.can_sign_in',
];

/** Ten on columns and instants, ten on tags and groups, ten on credentials and grants. */
const FAILS: readonly Draft[] = [
  { fails: 'NOT it.second_factor' },
  { fails: 'it.last_active_at < :now - :days * 86400', params: { days: 270 } },
  { fails: 'it.created_at < :now - :days * 86400 AND NOT it.second_factor', params: { days: 1_000 } },
  { fails: "it.name LIKE '%99'" },
  { fails: "it.owner_reason = 'ambiguous'" },
  {
    fails: 'it.name IN (SELECT l.value FROM json_each(:names) AS l)',
    params: { names: ['user1', 'user77', 'user4321'] },
  },
  { fails: 'length(it.name) > 8 AND it.created_at > :now - 864000' },
  { fails: "it.owner_reason = 'login'" },
  { fails: 'it.last_active_at = it.created_at' },
  { fails: 'it.created_at > :now - :days * 86400', params: { days: 90 } },
  ...['t1', 't2', 't3', 't4', 't5'].map((team) => ({
    fails:
      "EXISTS (SELECT 1 FROM identity_tag AS t WHERE t.identity = it.id AND t.key = 'team' AND t.value = :team)",
    params: { team },
  })),
  ...['team6', 'team7', 'team8', 'team9', 'team10'].map((group) => ({
    fails: 'EXISTS (SELECT 1 FROM identity_group AS g WHERE g.identity = it.id AND g.name = :group)',
    params: { group },
  })),
  {
    fails:
      "(SELECT count(*) FROM credential AS c WHERE c.identity = it.id AND c.type = 'access_key' AND c.active) > 1",
  },
  { fails: 'EXISTS (SELECT 1 FROM credential AS c WHERE c.identity = it.id AND NOT c.active)' },
  {
    fails: 'NOT EXISTS (SELECT 1 FROM identity_tag AS t WHERE t.identity = it.id AND t.key = :key)',
    params: { key: 'owner' },
  },
  {
    fails:
      "EXISTS (SELECT 1 FROM role_grant AS g WHERE g.identity = it.id AND g.policy = 'AdministratorAccess')",
  },
  { fails: "EXISTS (SELECT 1 FROM role_grant AS g WHERE g.identity = it.id AND g.attachment = 'inline')" },
  { fails: "EXISTS (SELECT 1 FROM role_grant AS g WHERE g.identity = it.id AND g.via = 'direct')" },
  { fails: '(SELECT count(*) FROM identity_tag AS t WHERE t.identity = it.id) < 2' },
  { fails: '(SELECT count(*) FROM identity_group AS g WHERE g.identity = it.id) > 10' },
  {
    fails:
      "EXISTS (SELECT 1 FROM identity_tag AS t WHERE t.identity = it.id AND t.key = 'env' AND t.value = 'test')",
  },
  { fails: "(SELECT count(*) FROM role_grant AS g WHERE g.identity = it.id AND g.via <> 'direct') > 3" },
];

export const CHECKS: readonly CheckQuery[] = FAILS.map((draft, at) =>
  query(`check-${at}`, { where: WHERES[at % WHERES.length], ...draft }),
);

export const JOINS: readonly CheckQuery[] = [
  query('leaver-enabled', {
    where: 'EXISTS (SELECT 1 FROM departure AS d WHERE d.person = it.owner AND d.at < :now - 86400)',
    fails: 'it.enabled',
  }),
  query('owner-listed', {
    fails: "NOT EXISTS (SELECT 1 FROM person AS p WHERE p.id = it.owner AND p.status = 'active')",
  }),
  query('leaver-keys', {
    where: 'it.enabled',
    fails:
      "EXISTS (SELECT 1 FROM departure AS d JOIN credential AS c ON c.identity = it.id AND c.type = 'access_key' AND c.active WHERE d.person = it.owner AND d.at < :now)",
  }),
  query('login-listed', {
    fails:
      'NOT EXISTS (SELECT 1 FROM identity_login AS l JOIN person_login AS p ON p.login = l.login WHERE l.identity = it.id)',
  }),
  query('key-of-nobody', {
    kind: 'credential',
    reason: "'key of ' || it.identity",
    where: "it.type = 'access_key' AND it.active",
    fails: "EXISTS (SELECT 1 FROM identity AS i WHERE i.id = it.identity AND i.owner = '')",
  }),
];
