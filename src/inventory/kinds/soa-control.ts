import { z } from 'zod';
import { identifier, text } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

/**
 * One entry of the Statement of Applicability. No collector feeds it: what the configuration says is sealed as a snapshot (docs/adr/0025).
 * `owner_person` is the person whom the owner leads to, computed as in soa-owner.ts; empty when nobody, or more than one, answers to it.
 */
export const soaControl = tableKind(
  'soa_control',
  {
    control: identifier,
    applicable: z.boolean(),
    /** `none`: of a control that is excluded. */
    implementation: z.enum(['implemented', 'partial', 'planned', 'none']),
    /** A role, an e-mail address or a login, or the record id of a person; empty: nobody is named. */
    owner: text,
    /** Of the whole statement. */
    version: text,
  },
  {
    computed: {
      owner_person: { ddl: `owner_person TEXT NOT NULL DEFAULT ''`, from: ['person', 'person_login'] },
      owner_reason: {
        ddl: `owner_reason TEXT NOT NULL DEFAULT 'none' CHECK (owner_reason IN ('role', 'id', 'login', 'ambiguous', 'missing', 'none'))`,
        from: ['person', 'person_login'],
      },
    },
  },
);

export type SoaControlRecord = z.infer<typeof soaControl.schema>;
