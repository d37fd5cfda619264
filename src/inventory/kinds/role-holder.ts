import { z } from 'zod';
import { identifier, instant, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'role_holder',
  {
    /** Such as `isms-manager`, in the organisation's words. */
    role: identifier,
    /** Empty: nobody holds it. */
    holder: text,
    /** A stand-in holds it while the holder is away. */
    deputy: z.boolean(),
    /** Null: the register doesn't tell. */
    appointed_at: instant.nullable(),
  },
  { indexes: ['role'], names: { holder: 'person' } },
);

/** A role in security, and who holds it. */
export const roleHolder = table.kind;
