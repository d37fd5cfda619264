import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { BundleContent, Bundles } from '../audit/jobs/contract.ts';
import { ServerError } from './error.ts';
import { names } from './etag.ts';
import { badParameters } from './parameters.ts';
import { makeProblem, sendProblem } from './problem.ts';
import { rangeStream } from './pieces.ts';
import { type ByteRange, rangeHolds, rangeIn } from './range.ts';
import { needs, problemResponse } from './route.ts';

/** Downloads at once. */
const MOST = 64;
/** Milliseconds without a byte taken, after which a download is cut. It may last as long as the timer counts. */
const STALLED = 60_000;
const LONGEST = 2 ** 31 - 1;

const zip = { description: 'The ZIP.', content: { 'application/zip': { schema: z.string() } } };
const query = z.strictObject({
  link: z.string().optional().describe('The secret of a link of this bundle.'),
});

/** Adds the route that gives a bundle's ZIP, in one piece or in parts. */
export function addDownload(
  app: FastifyInstance,
  path: string,
  params: z.ZodType<{ readonly id: string }>,
  bundles: Bundles,
): void {
  const { config, told } = needs({ role: 'auditor', sealed: true, link: true });
  const schema = {
    ...told,
    tags: ['bundles'],
    summary: 'The ZIP of a bundle that is done, whole or a range of it',
    params,
    querystring: query,
    response: {
      200: zip,
      206: { ...zip, description: 'The part of the ZIP that was asked for.' },
      304: z.null().describe('It is what the client has.'),
      404: problemResponse,
      409: problemResponse,
      410: problemResponse,
      416: problemResponse,
      default: problemResponse,
    },
  };
  const streams = createStreams(bundles);
  app.get(path, { schema, config, handlerTimeout: LONGEST }, async (request, reply) => {
    const [of, asked] = [params.safeParse(request.params), query.safeParse(request.query)];
    if (!of.success || !asked.success)
      return sendProblem(reply, badParameters({ path: of.error, query: asked.error }, request.query));
    const content = bundles.content(of.data.id);
    if (content === undefined) return sendProblem(reply, absence(bundles, of.data.id));
    return answer(request, reply, content, streams);
  });
}

function absence(bundles: Bundles, id: string) {
  const state = bundles.find(id)?.state;
  if (state === undefined) return makeProblem(404, 'there is no bundle with this id');
  return makeProblem(409, `the bundle is ${state}: there is nothing to download`);
}

function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  content: BundleContent,
  streams: Streams,
): FastifyReply {
  const { bytes, sha256, name } = content;
  const etag = `"${sha256}"`;
  const { range: wanted, 'if-range': ifRange, 'if-none-match': known } = request.headers;
  void reply.headers({ etag, 'accept-ranges': 'bytes' });
  tell(request, 'nothing');
  if (names(known, etag)) return reply.code(304).send();
  const isHead = request.method === 'HEAD';
  const asked = isHead || !rangeHolds(String(ifRange ?? etag), etag) ? 'whole' : rangeIn(wanted, bytes);
  if (asked === 'unsatisfiable')
    return sendProblem(
      reply.header('content-range', `bytes */${bytes}`),
      makeProblem(416, `the ZIP has ${bytes} bytes`),
    );
  const range = asked === 'whole' ? { first: 0, last: bytes - 1 } : asked;
  const stream = isHead ? Readable.from([]) : streams.open(request, reply, content, range);
  tell(request, isHead ? 'headers' : `bytes ${range.first}-${range.last} of ${bytes}`);
  if (asked !== 'whole')
    void reply.code(206).header('content-range', `bytes ${range.first}-${range.last}/${bytes}`);
  return reply
    .headers({
      'content-type': 'application/zip',
      'content-length': String(range.last - range.first + 1),
      'content-disposition': `attachment; filename="${name}"`,
    })
    .send(stream);
}

/** What is given, and to whom, to be sealed. */
function tell(request: FastifyRequest, given: string): void {
  const whom = request.caller?.link?.for;
  request.what = whom === undefined ? given : `${given}, for ${JSON.stringify(whom)}`;
}

interface Streams {
  /** Throws ServerError `busy`. */
  open(request: FastifyRequest, reply: FastifyReply, content: BundleContent, range: ByteRange): Readable;
}

function createStreams({ spendLink }: Pick<Bundles, 'spendLink'>): Streams {
  let under = 0;
  return {
    open({ caller }, { raw }, { file, bytes }, range) {
      if (under >= MOST) throw new ServerError('busy', `${MOST} downloads are under way`);
      under += 1;
      const spend = async (): Promise<void> => {
        const link = range.last === bytes - 1 ? caller?.link : undefined;
        if (link !== undefined && !(await spendLink(link.id))) throw new Error('the link was used meanwhile');
      };
      raw.setTimeout(STALLED, () => raw.destroy());
      return rangeStream(file, range, raw, spend).once('close', () => (under -= 1));
    },
  };
}
