import { EvidenceError } from './error.ts';

/** What became of an object that should be created: it is there now, was there with the same bytes, or with others. */
export type Created = 'created' | 'same' | 'differs';

export interface StoreObject {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/**
 * Where the log's objects are kept, by key. The store is not trusted: who can write to it can at most make reading fail,
 * since all that is read is checked against a signed checkpoint. Every method rejects with `io` when it can't do its work.
 */
export interface ObjectStore {
  /** The whole object; undefined when there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  /** The object in pieces, at constant memory; undefined when there is none. */
  stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * Creates objects and never changes one that exists. When it returns, each that was `created` or is the `same` is
   * durable, whoever wrote it.
   */
  create(objects: readonly StoreObject[]): Promise<readonly Created[]>;
  /** As `create`, from a local file, which stays. */
  createFromFile(key: string, path: string): Promise<Created>;
  /**
   * Puts new bytes in the place of the old, at once, unless what is there is not superseded by them: then that stays, whoever
   * wrote it meanwhile. Only for `log/checkpoint`. Durable when it returns.
   */
  replace(key: string, bytes: Uint8Array, supersedes: (current: Uint8Array) => boolean): Promise<void>;
  /** The keys below a folder (`log/intents/`; the empty string for all), at any depth, in no order, without `state/`. */
  list(folder: string): Promise<readonly string[]>;
  /**
   * For partial tiles, once the full one stands, and for what is erased: nothing of the object is left, nor a trace that it was
   * deleted. An object that isn't there is no error; one that may not be deleted yet is.
   */
  delete(key: string): Promise<void>;
}

/** Keys are made by us, yet a subject's name may become one: it must not lead out of the store. */
export function safeKey(key: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(key)) {
    throw new EvidenceError('io', `${JSON.stringify(key)} is not a key`);
  }
  return key;
}
