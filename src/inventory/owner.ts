import type { DatabaseSync } from 'node:sqlite';

/**
 * What the configuration says of owners: person record ids by identity. An identity is named by its record id, by a login of any source,
 * or by `<source>:<login>`.
 */
export interface OwnerMap {
  /** People's own accounts that no address or login leads to. */
  readonly identities: Readonly<Record<string, string>>;
  /** Accounts that serve no person's own work, with the person who answers for them. */
  readonly services: Readonly<Record<string, string>>;
}

/** Replaces what is declared; the owners are computed by `computeOwners`. */
export function storeDeclared(db: DatabaseSync, owners: OwnerMap): void {
  db.exec('DELETE FROM _declared');
  const insert = db.prepare('INSERT INTO _declared VALUES (?, ?, ?, ?, ?)');
  for (const [service, map] of [owners.identities, owners.services].entries()) {
    for (const [key, person] of Object.entries(map)) {
      insert.run(key, '', key, person, service);
      const colon = key.indexOf(':');
      if (colon > 0) insert.run(key, key.slice(0, colon), key.slice(colon + 1), person, service);
    }
  }
}

/**
 * Computes `identity.owner` and `owner_reason`, of one source's identities or of all, from what the tables hold: the order of loading
 * doesn't matter. What is declared for the record id comes first, then what is declared for a login, then addresses and logins that
 * people share with it, at last the address that a plus-address belongs to (`lea+aws@x` to `lea@x`). Where several people have one
 * login, the one who is here has it, else the one who left last. More than one person is `ambiguous`, a declared person whom no
 * register lists is `missing`: then the owner is empty.
 */
export function computeOwners(db: DatabaseSync, source: number | null): void {
  // In parts by id, so that what SQLite sorts and keeps in memory doesn't grow with the estate.
  const last = db.prepare(
    'SELECT max(id) AS id FROM (SELECT id FROM identity WHERE id >= :from AND (:source IS NULL OR _source = :source) ORDER BY id LIMIT :part)',
  );
  const next = db.prepare('SELECT min(id) AS id FROM identity WHERE id > ? ');
  const compute = db.prepare(OWNERS);
  let from: unknown = '';
  while (typeof from === 'string') {
    const to = last.get({ from, source, part: PART })?.['id'];
    if (typeof to !== 'string') return;
    compute.run({ from, to, source });
    from = next.get(to)?.['id'];
  }
}

const PART = 5_000;

/**
 * Whether somebody else has the login of `p` with a better right (docs/adr/0023): whoever is here rather than whoever has gone, the later of
 * those who have gone, and whoever has gone rather than somebody yet to come. No two who are here.
 */
const LOST = `EXISTS (
  SELECT 1 FROM person AS t WHERE t.id = p.person AND t.status NOT IN ('active', 'leave') AND EXISTS (
    SELECT 1 FROM person_login AS q JOIN person AS o ON o.id = q.person
      WHERE q.login = p.login AND q.person <> p.person
        AND CASE t.status
          WHEN 'future' THEN o.status IN ('left', 'vanished')
          ELSE o.status IN ('active', 'leave') OR (o.status IN ('left', 'vanished')
            AND (SELECT max(d.at) FROM departure AS d WHERE d.person = o.id)
              > (SELECT max(d.at) FROM departure AS d WHERE d.person = t.id)) END
  )
)`;

// A match: identity, rank (lower wins), person, why. Only of identities from :from to :to.
const OWNERS = `
WITH match(identity, rank, person, why) AS (
  SELECT i.id, 0, d.person, iif(d.service, 'declared-service', 'map')
    FROM _declared AS d JOIN identity AS i ON i.id = d.key WHERE d.source = ''
  UNION ALL
  SELECT l.identity, 1, d.person, iif(d.service, 'declared-service', 'map')
    FROM _declared AS d JOIN identity_login AS l ON l.login = d.login
    WHERE d.source IN ('', (SELECT i.source FROM identity AS i WHERE i.id = l.identity))
  UNION ALL
  SELECT l.identity, 2, p.person,
    iif((SELECT h.email FROM person AS h WHERE h.id = p.person) = l.login, 'email', 'login')
    FROM identity_login AS l CROSS JOIN person_login AS p ON p.login = l.login
    WHERE l.identity BETWEEN :from AND :to AND NOT ${LOST}
  UNION ALL
  SELECT l.identity, 2, p.person, 'login'
    FROM person_login AS p CROSS JOIN identity_login AS l ON l.login = substr(p.login, instr(p.login, ':') + 1)
    WHERE instr(p.login, ':') > 0
      AND (SELECT i.source FROM identity AS i WHERE i.id = l.identity) = substr(p.login, 1, instr(p.login, ':') - 1)
      AND NOT ${LOST}
  UNION ALL
  SELECT l.identity, 3, p.person, 'plus-address'
    FROM identity_login AS l CROSS JOIN person_login AS p
      ON p.login = substr(l.login, 1, instr(l.login, '+') - 1) || substr(l.login, instr(l.login, '@'))
    WHERE l.identity BETWEEN :from AND :to
      AND instr(l.login, '+') > 1 AND instr(l.login, '@') > instr(l.login, '+') AND NOT ${LOST}
),
near AS MATERIALIZED (SELECT * FROM match AS m WHERE m.identity BETWEEN :from AND :to),
best(identity, rank) AS (SELECT n.identity, min(n.rank) FROM near AS n GROUP BY n.identity),
found(identity, one, other, why, listed) AS MATERIALIZED (
  SELECT n.identity, min(n.person), max(n.person), min(n.why),
      EXISTS (SELECT 1 FROM person AS p WHERE p.id = n.person)
    FROM best AS b JOIN near AS n ON n.identity = b.identity AND n.rank = b.rank GROUP BY n.identity
),
result(_source, id, owner, reason) AS (
  SELECT i._source, i.id,
      CASE WHEN f.one = f.other AND f.listed THEN f.one ELSE '' END,
      CASE WHEN f.one IS NULL THEN 'none' WHEN f.one <> f.other THEN 'ambiguous' WHEN NOT f.listed THEN 'missing' ELSE f.why END
    FROM identity AS i LEFT JOIN found AS f ON f.identity = i.id
    WHERE i.id BETWEEN :from AND :to AND (:source IS NULL OR i._source = :source)
)
UPDATE identity SET owner = r.owner, owner_reason = r.reason
  FROM result AS r
  WHERE identity._source = r._source AND identity.id = r.id
    AND (identity.owner <> r.owner OR identity.owner_reason <> r.reason)`;
