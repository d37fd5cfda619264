import type { Path } from './documents.ts';

/** What a credential of a well-known issuer looks like. AWS's documented samples, which end in EXAMPLE, are none. */
const shapes: readonly (readonly [string, RegExp])[] = [
  ['an AWS access key id', /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/],
  ['a token of Annexa', /\bannexa_[A-Za-z0-9_-]{43}/],
  ['a GitHub token', /\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}/],
  ['a GitLab token', /\bglpat-[A-Za-z0-9_-]{20,}/],
  ['a Slack token', /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/],
  ['a Google API key', /\bAIza[A-Za-z0-9_-]{35}/],
  ['a Stripe key', /\b[rs]k_live_[A-Za-z0-9]{16,}/],
  ['a JSON Web Token', /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a URL with a password', /\b[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i],
];

/** What the text looks like when it holds a secret; undefined when it doesn't. */
export function looksLikeSecret(text: string): string | undefined {
  return shapes.find(([, shape]) => {
    const found = shape.exec(text)?.[0];
    return found !== undefined && !found.endsWith('EXAMPLE');
  })?.[0];
}

/** Whether a field's name says that its value is a secret: such a value is never shown. */
export function secretPath(path: Path): boolean {
  return path.some(
    (segment) =>
      typeof segment === 'string' &&
      /secret|token|passw|credential|private|api-?key|accesskey/i.test(segment),
  );
}

/** Every string of the value (keys included) that looks like a secret, with what it looks like. */
export function* findSecrets(value: unknown, path: Path = []): Generator<{ path: Path; what: string }> {
  if (typeof value === 'string') {
    const what = looksLikeSecret(value);
    if (what !== undefined) {
      yield { path, what };
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      const segment = Array.isArray(value) ? Number(key) : key;
      const what = Array.isArray(value) ? undefined : looksLikeSecret(key);
      if (what !== undefined) {
        yield { path, what };
      }
      yield* findSecrets(child, [...path, segment]);
    }
  }
}
