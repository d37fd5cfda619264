import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { z } from 'zod';
import { pages } from '../pages.ts';
import { listed, read } from '../read.ts';
import type { Session } from './session.ts';

const OPERATION = 'tag:GetResources';

const tagged = z.object({
  ResourceARN: z.string().min(1),
  Tags: z
    .array(z.object({ Key: z.string().min(1), Value: z.string() }))
    .transform((tags) => tags.map(({ Key, Value }) => ({ key: Key, value: Value }))),
});

export type Tags = z.output<typeof tagged>['Tags'];

/**
 * The tags of a region's (the session's unless given) resources of a type, such as `dynamodb:table`, or of all types of a service, such as `s3`, by ARN; what never had a tag is not in it. One call a hundred
 * resources, for services whose own listings leave tags out.
 * https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
 */
export async function tagsOf(
  session: Session,
  type: string,
  region?: string,
): Promise<ReadonlyMap<string, Tags>> {
  const client = session.client('tag', ResourceGroupsTaggingAPIClient, region);
  const tags = new Map<string, Tags>();
  const fetch = (PaginationToken: string | undefined) =>
    session.call(OPERATION, (options) =>
      client.send(
        new GetResourcesCommand({ ResourceTypeFilters: [type], ResourcesPerPage: 100, PaginationToken }),
        options,
      ),
    );
  for await (const page of pages(OPERATION, fetch, ({ PaginationToken }) => PaginationToken))
    for (const entry of listed(OPERATION, 'ResourceTagMappingList', page.ResourceTagMappingList)) {
      const { ResourceARN, Tags } = read(OPERATION, entry.ResourceARN ?? type, tagged, entry);
      tags.set(ResourceARN, Tags);
    }
  return tags;
}

/** Asks for as little as there is. */
export function probeTags(session: Session): Promise<unknown> {
  const client = session.client('tag', ResourceGroupsTaggingAPIClient);
  return client.send(new GetResourcesCommand({ ResourcesPerPage: 1 }));
}
