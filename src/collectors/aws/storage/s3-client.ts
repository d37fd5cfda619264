import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { S3ControlClient, type S3ControlClientConfig } from '@aws-sdk/client-s3-control';
import { z } from 'zod';
import type { Session } from '../session.ts';

/** Elsewhere than at AWS a name in front of the host leads nowhere: the bucket goes into the path. */
class BucketClient extends S3Client {
  constructor(settings: S3ClientConfig) {
    super({ ...settings, ...(settings.endpoint === undefined ? {} : { forcePathStyle: true }) });
    this.middlewareStack.addRelativeTo(refuseEmpty, {
      name: 'annexaRefuseEmpty',
      relation: 'after',
      toMiddleware: 'deserializerMiddleware',
      override: true,
    });
  }
}

class AccountClient extends S3ControlClient {
  constructor(settings: S3ControlClientConfig) {
    const { endpoint } = settings;
    super({
      ...settings,
      ...(typeof endpoint === 'string' ? { endpointProvider: () => ({ url: new URL(endpoint) }) } : {}),
    });
  }
}

const answer = z.object({
  response: z.object({ statusCode: z.number(), body: z.custom<AsyncIterable<Uint8Array>>() }),
});

/**
 * A bucket without versioning or logging is an answer with an empty element. A body that was lost would read the same, so it is refused here,
 * where it can still be told apart.
 */
const refuseEmpty =
  <Args, Answer extends object>(next: (args: Args) => Promise<Answer>) =>
  async (args: Args): Promise<Answer> => {
    const answered = await next(args);
    const { response } = answer.parse(answered);
    if (response.statusCode !== 200) return answered;
    const parts: Uint8Array[] = [];
    for await (const part of response.body) parts.push(part);
    if (parts.length === 0) {
      const $metadata = { httpStatusCode: response.statusCode };
      throw Object.assign(new Error('the answer is empty'), { name: 'EmptyAnswer', $metadata });
    }
    const raw: unknown = Reflect.get(answered, 'response');
    if (typeof raw === 'object' && raw !== null) Reflect.set(raw, 'body', Buffer.concat(parts));
    return answered;
  };

/** Buckets are asked about in their own region. */
export function bucketsOf(session: Session, region?: string): S3Client {
  return session.client('s3', BucketClient, region);
}

/** What holds for all buckets of an account. Its operations bear the prefix of S3, too. */
export function accountOf(session: Session): S3ControlClient {
  return session.client('s3', AccountClient);
}
