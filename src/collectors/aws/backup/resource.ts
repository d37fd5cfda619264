import type { ProtectedResourceRecord } from '../../../inventory/kinds/protected-resource.ts';
import { common, type Work } from '../dataset.ts';

/** A resource whose own service makes no automatic backups, or doesn't tell of them here. */
interface Plain {
  readonly native: string;
  readonly resource: string;
  readonly name: string;
  readonly type: ProtectedResourceRecord['type'];
  /** Unix seconds; null: the source can't say. */
  readonly created: number | null;
  /** False: there is no such thing for it; null: not told. */
  readonly continuous: false | null;
  readonly tags: ProtectedResourceRecord['tags'];
}

export function resourceRecord(work: Work, plain: Plain): ProtectedResourceRecord {
  const { native, resource, name, type, created, continuous, tags } = plain;
  return {
    ...common(work, 'protected_resource', native),
    resource,
    name,
    type,
    region: work.region,
    created_at: created,
    continuous,
    restorable_until: null,
    retention_days: continuous === null ? null : 0,
    tags: [...tags],
  };
}
