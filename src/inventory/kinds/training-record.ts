import { identifier, instant } from '../define-kind.ts';
import { ENDLESS, tableKind } from '../table-kind.ts';

const table = tableKind(
  'training_record',
  {
    /** Whoever was to take it: an address, a login or the HR register's id. */
    person: identifier,
    /** The course as the organisation names it, such as `security-awareness`. */
    course: identifier,
    /** Null: not completed. */
    completed_at: instant.nullable(),
    /** The last moment for which it counts; null: the register states no end. */
    valid_until: instant.nullable(),
  },
  {
    names: { person: 'person' },
    generated: {
      completed_at_or_0: 'ifnull(completed_at, 0)',
      valid_until_or_max: `ifnull(valid_until, ${ENDLESS})`,
    },
  },
);

/** One person's training in one course. */
export const trainingRecord = table.kind;
