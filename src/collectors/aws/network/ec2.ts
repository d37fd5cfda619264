import { DescribeNetworkInterfacesCommand, EC2Client, type NetworkInterface } from '@aws-sdk/client-ec2';
import { z } from 'zod';
import type { Work } from '../dataset.ts';
import { pages } from '../../pages.ts';
import { listed } from '../../read.ts';

/** What EC2 gives at most on one page of networks, rules, groups, interfaces and flow logs (EC2 API Reference, MaxResults of each). */
export const PAGE = 1000;

export function ec2Of({ session }: Pick<Work, 'session'>): EC2Client {
  return session.client('ec2', EC2Client);
}

interface Page {
  readonly NextToken?: string | undefined;
}
type Options = { abortSignal: AbortSignal };

/** Every item of a listing of EC2, page by page. Rejects with `malformed` when a page lacks the list, though it may be empty. */
export async function* itemsOf<P extends Page, T>(
  { session }: Pick<Work, 'session'>,
  operation: string,
  send: (token: string | undefined, options: Options) => Promise<P>,
  list: (page: P) => readonly T[] | undefined,
): AsyncGenerator<T, void, undefined> {
  const fetch = (token: string | undefined) => session.call(operation, (options) => send(token, options));
  for await (const page of pages(operation, fetch, ({ NextToken }) => NextToken))
    yield* listed(operation, 'list', list(page));
}

/** Every network interface of the region, those of services too, which an account can choose to hide. */
export function interfaces(work: Work): AsyncGenerator<NetworkInterface, void, undefined> {
  return itemsOf(
    work,
    'ec2:DescribeNetworkInterfaces',
    (token, options) =>
      ec2Of(work).send(
        new DescribeNetworkInterfacesCommand({
          IncludeManagedResources: true,
          MaxResults: PAGE,
          NextToken: token,
        }),
        options,
      ),
    ({ NetworkInterfaces }) => NetworkInterfaces,
  );
}

/** The name of a resource of EC2 that is like no other: `type` is that of the ARN, such as `security-group`. */
export function arnOf({ session, region }: Work, type: string, owner: string, id: string): string {
  const partition = session.caller.split(':')[1] ?? 'aws';
  return `arn:${partition}:ec2:${region}:${owner}:${type}/${id}`;
}

/** EC2 leaves the set out where there are no tags. */
export const tagSet = z
  .array(z.object({ Key: z.string(), Value: z.string().default('') }))
  .default([])
  .transform((tags) => tags.map(({ Key, Value }) => ({ key: Key, value: Value })));

export function nameOf(tags: z.output<typeof tagSet>): string {
  return tags.find(({ key }) => key === 'Name')?.value ?? '';
}
