import type { Matching } from './named.ts';

/**
 * An account, as a register writes one: by the id of the record, or by a login. The row's column `system` says where: in a source such as
 * `google`, or in one of its scopes, such as `aws:111111111111`.
 */
export const IDENTITY_NAMED: Matching = {
  find: (column) => `(
    SELECT CASE WHEN count(i.id) = 1 THEN max(i.id) ELSE '' END
      FROM identity AS i
      WHERE i.id IN (
        SELECT ${column}
        UNION SELECT l.identity FROM identity_login AS l WHERE l.login = ${column}
      )
      AND t.system IN (i.source, i.source || ':' || i.scope)
  )`,
  from: ['identity', 'identity_login'],
};
