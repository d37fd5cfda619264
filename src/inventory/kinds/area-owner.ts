import { identifier } from '../define-kind.ts';
import { tableKind } from '../table-kind.ts';

const table = tableKind(
  'area_owner',
  {
    /** A process, a department, a system or a clause: whatever can be audited. */
    area: identifier,
    owner: identifier,
  },
  { indexes: ['area'], names: { owner: 'person' } },
);

/** Somebody who answers for an area, and so can't audit it. */
export const areaOwner = table.kind;
