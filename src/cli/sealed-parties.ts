import { createHash, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { EvidenceError } from '../evidence/error.ts';
import { configAfter } from '../evidence/plan.ts';
import type { StoreReader } from '../evidence/reader.ts';

/** An RFC 3161 authority: whoever checks its tokens has to trust its certificates. */
export interface SealedAuthority {
  readonly name: string;
  readonly url: string;
  /** SHA-256 of the PEM, hex: the name of its file in `tsa/`. */
  readonly ca: string;
  /** SHA-256 of the DER, hex, of each certificate; undefined when the file is not there. */
  readonly certificates: readonly { readonly fingerprint: string; readonly subject: string }[] | undefined;
}

/** A C2SP witness, with its verifier key. */
export interface SealedWitness {
  readonly name: string;
  readonly key: string;
}

export interface SealedParties {
  readonly authorities: readonly SealedAuthority[];
  readonly witnesses: readonly SealedWitness[];
  /** Why the configuration in force could not be read: only what the genesis names is there then. */
  readonly unread: string | undefined;
}

type Named = Omit<SealedAuthority, 'certificates'>;

const genesisSchema = z.object({
  authorities: z.array(z.object({ name: z.string(), url: z.string(), ca: z.string() })),
  witnesses: z.array(z.object({ name: z.string(), key: z.string() })),
});
const agentSchema = z.object({
  spec: z.object({
    timestamps: z
      .object({ authorities: z.array(z.object({ name: z.string(), url: z.string(), ca: z.string() })) })
      .optional(),
    witnesses: z.array(z.object({ name: z.string(), key: z.string() })).default([]),
  }),
});

type Agent = z.infer<typeof agentSchema>;

/**
 * The authorities and witnesses that the genesis and the configuration in force at the reader's checkpoint name, each once. Throws as
 * the reader does.
 */
export async function sealedParties(reader: StoreReader): Promise<SealedParties> {
  const genesis = genesisSchema.parse((await reader.entry(0)).fields);
  let agent: Agent | undefined;
  let unread: string | undefined;
  try {
    agent = await sealedAgent(reader);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    unread = error.message;
  }
  const configured = agent?.spec.timestamps?.authorities ?? [];
  const named = [
    ...genesis.authorities,
    ...configured.map(({ name, url, ca }) => ({ name, url, ca: digest(ca) })),
  ];
  const authorities = unique(named, ({ name, url, ca }) => JSON.stringify([name, url, ca]));
  const witnesses = [...genesis.witnesses, ...(agent?.spec.witnesses ?? [])];
  return {
    authorities: await Promise.all(authorities.map((authority) => withCertificates(reader, authority))),
    witnesses: unique(witnesses, ({ name, key }) => JSON.stringify([name, key])),
    unread,
  };
}

async function sealedAgent(reader: StoreReader): Promise<Agent | undefined> {
  const config = configAfter(await reader.entry(reader.checkpoint().size - 1));
  if (config === null) return undefined;
  let found: Agent | undefined;
  for await (const document of reader.body(config))
    if (document['kind'] === 'Agent') found = readAgent(document['manifest']);
  return found;
}

function readAgent(manifest: unknown): Agent {
  const parsed = agentSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new EvidenceError(
    'corrupt',
    'the sealed configuration holds no Agent manifest that this version knows',
  );
}

async function withCertificates({ store }: StoreReader, { name, url, ca }: Named): Promise<SealedAuthority> {
  const key = `tsa/${ca}.pem`;
  const bytes = await store.get(key);
  if (bytes !== undefined && digest(bytes) !== ca)
    throw new EvidenceError('corrupt', `${key}: other bytes are there`);
  return { name, url, ca, certificates: bytes && certificatesOf(Buffer.from(bytes).toString()) };
}

function certificatesOf(pem: string) {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => {
    const { raw, subject } = new X509Certificate(block);
    return { fingerprint: digest(raw), subject: subject.replaceAll('\n', ', ') };
  });
}

function digest(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function unique<T>(all: readonly T[], keyOf: (one: T) => string): T[] {
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}
