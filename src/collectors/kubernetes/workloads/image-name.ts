/** Where an image comes from, as container runtimes read its name. */
export interface ImageName {
  readonly registry: string;
  readonly repository: string;
  /** Empty: named without one. */
  readonly digest: string;
}

const DIGEST = /@([a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,})$/;

/** A name whose first part is no host means Docker Hub, and there, without a slash, an official image. */
export function imageName(image: string): ImageName {
  const digest = digestIn(image);
  const bare = digest === '' ? image : image.slice(0, image.lastIndexOf('@'));
  const named = bare.replace(/:[^:/]*$/, '');
  const [first = ''] = named.split('/');
  const hosted = named.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  if (hosted) return { registry: first, repository: named, digest };
  const path = named.includes('/') ? named : `library/${named}`;
  return { registry: 'docker.io', repository: `docker.io/${path}`, digest };
}

/** The digest at the end of an image's name; empty: there is none. */
export function digestIn(text: string): string {
  return DIGEST.exec(text)?.[1] ?? '';
}
