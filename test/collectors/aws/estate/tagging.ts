import type { Asked, Handlers } from '../stub.ts';
import { type EstateOptions, pageOf } from './options.ts';

export interface Tagged {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What the tagging API says of resources by their type, such as `dynamodb:table`. */
export function taggingHandlers(
  taggedOf: (type: string, where: Pick<Asked, 'account' | 'region'>) => readonly Tagged[],
  { pageSize = 5 }: Pick<EstateOptions, 'pageSize'>,
): Handlers {
  interface Input {
    readonly ResourceTypeFilters?: readonly string[];
    readonly PaginationToken?: string;
  }
  return {
    'tag:GetResources': (
      { ResourceTypeFilters = [], PaginationToken }: Input,
      { missing, ...where }: Asked,
    ) => {
      const all = ResourceTypeFilters.flatMap((type) => taggedOf(type, where));
      const { items, next } = pageOf(all, pageSize, PaginationToken || undefined, missing);
      return {
        PaginationToken: next ?? '',
        ResourceTagMappingList: items.map(({ arn, tags }) => ({
          ResourceARN: arn,
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        })),
      };
    },
  };
}

/** `size` tables and certificates with a tier. */
export function taggingEstate({ size = 12, ...options }: EstateOptions): Handlers {
  return taggingHandlers((type, { account, region }) => {
    const [service, tail] = type.split(':');
    return Array.from({ length: size }, (_, index) => ({
      arn: `arn:aws:${service}:${region}:${account}:${tail}/${tail}-${String(index).padStart(4, '0')}`,
      tags: { tier: '1' },
    }));
  }, options);
}
