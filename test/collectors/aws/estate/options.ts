/** What the account of a stub is made of. */
export interface EstateOptions {
  /** Milliseconds; ages of what the account holds count from here. */
  readonly now: number;
  /** How many there are of what there are many of. */
  readonly size?: number;
  /** Of every listing. */
  readonly pageSize?: number;
}

/**
 * A page of a listing, whose tokens are page numbers: the items, and the token of the page after, if there is one. `missing` leaves out a page
 * in silence: the token leads to the page after.
 */
export function pageOf<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
  missing = false,
): { readonly items: T[]; readonly next: string | undefined } {
  const asked = Number(token ?? '0');
  const page = missing && asked > 0 ? asked + 1 : asked;
  const more = (page + 1) * size < all.length;
  return { items: all.slice(page * size, (page + 1) * size), next: more ? String(page + 1) : undefined };
}
