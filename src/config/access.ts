import { z } from 'zod';
import { secretRef } from '../collectors/secret-ref.ts';
import { instant, manifestName, text, unique } from '../controls/fields.ts';

export const accessRole = z.enum(['viewer', 'auditor', 'isms', 'operator']);

const roles = z
  .array(accessRole)
  .min(1)
  .check(unique((role) => role));

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256: 64 lower-case hex digits');

/** https, or plain http to this machine: what decides who is let in must come from who is meant. */
const issuer = z.url({ protocol: /^https?$/ }).refine((value) => {
  const { protocol, hostname, search, hash, username } = new URL(value);
  const own = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  return (protocol === 'https:' || own) && search === '' && hash === '' && username === '';
}, 'expected an https URL without query, as the provider spells its issuer');

const oidc = z.strictObject({
  issuer,
  /** What a token must be meant for. */
  audience: text,
  /** The claim that names the caller. */
  subject: text.default('sub'),
  roles: z.strictObject({
    /** A claim, or its path with dots: `groups`, `realm_access.roles`. */
    claim: text,
    map: z
      .record(text, roles)
      .refine((map) => Object.keys(map).length > 0, 'expected at least one value of the claim'),
  }),
});

const kubernetes = z.strictObject({
  audiences: z.array(text).min(1).optional(),
  /** Absent: as the service account of the agent's own pod. */
  kubeconfig: secretRef.optional(),
});

/** Who may use the API, and how they show who they are. */
export const access = z
  .strictObject({
    tokens: z
      .array(z.strictObject({ name: manifestName, sha256, roles, expires: instant }))
      .default([])
      .check(unique(({ name }) => name))
      .check(unique((token) => token.sha256)),
    oidc: oidc.optional(),
    kubernetes: kubernetes.optional(),
  })
  .refine(
    (spec) => spec.tokens.length > 0 || spec.oidc !== undefined || spec.kubernetes !== undefined,
    'expected tokens, oidc or kubernetes: with none of them nobody would be let in',
  );

/** Files, relative to the configuration. */
export const tls = z.strictObject({ certificate: text, key: text });
