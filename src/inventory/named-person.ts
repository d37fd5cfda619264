import type { Matching } from './named.ts';

/**
 * A person, as a register writes one: by the id of the record, by the number that the HR register itself knows them by, or by an address
 * or login. Of several, one who hasn't left wins, since addresses are given again to who comes back; else they are ambiguous and
 * nobody is named.
 */
export const PERSON_NAMED: Matching = {
  once: 'register(source, scope) AS MATERIALIZED (SELECT DISTINCT source, scope FROM person)',
  find: (column) => `(
    SELECT CASE
        WHEN count(p.id) FILTER (WHERE p.status NOT IN ('left', 'vanished')) = 1
          THEN max(p.id) FILTER (WHERE p.status NOT IN ('left', 'vanished'))
        WHEN count(p.id) = 1 THEN max(p.id)
        ELSE '' END
      FROM person AS p
      WHERE p.id IN (
        SELECT ${column}
        UNION SELECT l.person FROM person_login AS l WHERE l.login = ${column}
        UNION SELECT r.source || ':' || r.scope || ':' || ${column} FROM register AS r
      )
  )`,
  from: ['person', 'person_login'],
};
