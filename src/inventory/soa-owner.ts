import type { DatabaseSync } from 'node:sqlite';

/** Replaces what is declared of roles: record ids of people, by the role's name. */
export function storeRoles(db: DatabaseSync, roles: Readonly<Record<string, string>>): void {
  db.exec('DELETE FROM _declared_role');
  const insert = db.prepare('INSERT OR IGNORE INTO _declared_role VALUES (?, ?)');
  for (const [role, person] of Object.entries(roles)) insert.run(role, person);
}

/**
 * Computes `soa_control.owner_person` and `owner_reason`: whom the Scope manifest names for the role, else the person with that record id,
 * else who has it as an address or a login. More than one person is `ambiguous`, one whom no register lists is `missing`.
 */
export function computeSoaOwners(db: DatabaseSync): void {
  db.exec(OWNERS);
}

const OWNERS = `
WITH match(id, rank, person, why) AS (
  SELECT s.id, 0, d.person, 'role' FROM soa_control AS s JOIN _declared_role AS d ON d.role = s.owner
  UNION ALL
  SELECT s.id, 1, p.id, 'id' FROM soa_control AS s JOIN person AS p ON p.id = s.owner
  UNION ALL
  SELECT s.id, 2, l.person, 'login' FROM soa_control AS s JOIN person_login AS l ON l.login = s.owner
),
best(id, rank) AS (SELECT m.id, min(m.rank) FROM match AS m GROUP BY m.id),
found(id, one, other, why, listed) AS MATERIALIZED (
  SELECT m.id, min(m.person), max(m.person), min(m.why), EXISTS (SELECT 1 FROM person AS p WHERE p.id = m.person)
    FROM best AS b JOIN match AS m ON m.id = b.id AND m.rank = b.rank GROUP BY m.id
),
result(_source, id, person, reason) AS (
  SELECT s._source, s.id,
      CASE WHEN f.one = f.other AND f.listed THEN f.one ELSE '' END,
      CASE WHEN f.one IS NULL THEN 'none' WHEN f.one <> f.other THEN 'ambiguous' WHEN NOT f.listed THEN 'missing' ELSE f.why END
    FROM soa_control AS s LEFT JOIN found AS f ON f.id = s.id
)
UPDATE soa_control SET owner_person = r.person, owner_reason = r.reason
  FROM result AS r WHERE soa_control._source = r._source AND soa_control.id = r.id`;
