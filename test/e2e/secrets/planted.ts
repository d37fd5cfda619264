import { randomBytes } from 'node:crypto';

/** Random, of characters that a header, a URL and JSON write differently. */
function random(prefix = ''): string {
  return `${prefix}${randomBytes(24).toString('base64url')}+/${randomBytes(4).toString('hex')}`;
}

/** One secret for each place where one can be, by what it is. */
export function plant() {
  return {
    hrToken: random(),
    hrFileToken: random(),
    badgesToken: random(),
    githubToken: random('ghp_'),
    bambooKey: random(),
    awsKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    awsSecretKey: random(),
    awsSessionToken: random(),
    clusterToken: random(),
    accessClusterToken: random(),
    proxyPassword: randomBytes(24).toString('base64url'),
    strayToken: `annexa_${randomBytes(32).toString('base64url')}`,
    strayJwt: `eyJ${randomBytes(40).toString('base64url')}.${randomBytes(40).toString('base64url')}.${randomBytes(40).toString('base64url')}`,
    strayPassword: random(),
    inlineSecret: random(),
  };
}

/** The ways in which a secret may be written, each of them enough to use it. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const based = [0, 1, 2].flatMap((shift) => {
    // Without the characters at both ends that its neighbours share.
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const inner = text.replace(/=+$/, '').slice(shift === 0 ? 0 : 4, -4);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    secret.replaceAll('/', '\\/'),
    bytes.toString('hex'),
    ...based,
  ];
}

/** What of the secrets stands in a text, by name. */
export function found(secrets: Readonly<Record<string, string>>, text: string): readonly string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => spellings(secret).some((spelling) => text.includes(spelling)))
    .map(([name]) => name);
}
