import type { BundleProgress } from '../bundle/write.ts';
import type { Question } from '../contract.ts';
import type { Standing } from './links.ts';

/** What is known of a bundle once it is made. */
export interface MadeBundle {
  /** Of the ZIP. */
  readonly bytes: number;
  /** Of the ZIP, hex. */
  readonly sha256: string;
  /** SHA-256, hex, of its manifest.json. */
  readonly manifest: string;
  readonly entries: number;
  readonly bodies: number;
}

export type BundleState = 'queued' | 'running' | 'done' | 'failed';

/** A bundle that was asked for. Times are Unix seconds. */
export interface BundleJob {
  /** 128 random bits, hex. */
  readonly id: string;
  readonly state: BundleState;
  /** Why it failed. */
  readonly why: string | null;
  /** While it is running. */
  readonly progress: BundleProgress | null;
  /** Of the checkpoint that was the newest when it was asked for. */
  readonly question: Question;
  /** Once it is done. */
  readonly made: MadeBundle | null;
  /** The caller who asked. */
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Opens the content of one bundle, once. */
export interface BundleLink {
  /** Not secret. */
  readonly id: string;
  readonly bundle: string;
  /** For whom it was made, in words. */
  readonly for: string;
  readonly by: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly standing: Standing;
}

/** A ZIP on disk. */
export interface BundleContent {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** For who saves it: letters, digits, dashes and a dot. */
  readonly name: string;
}

/** Bundles that are made on demand and kept for a while. */
export interface Bundles extends AsyncDisposable {
  /** Rejects with AuditError: `busy` (too many wait), `conflict` (too many are kept), `io` (it can't be kept). */
  ask(question: Omit<Question, 'at'>, by: string): Promise<BundleJob>;
  /** The newest first. */
  list(): readonly BundleJob[];
  find(id: string): BundleJob | undefined;
  /** Undefined unless it is done. */
  content(id: string): BundleContent | undefined;
  /** False: there is none of that id. */
  remove(id: string): Promise<boolean>;
  /**
   * Undefined: no such bundle. Rejects with AuditError: `conflict` (it isn't done, or has too many links), `question` (the expiry), `io`. The
   * secret is told here alone.
   */
  addLink(asked: {
    readonly bundle: string;
    readonly for: string;
    readonly by: string;
    readonly expiresAt: number;
  }): Promise<{ readonly link: BundleLink; readonly secret: string } | undefined>;
  /** The newest first. */
  links(): readonly BundleLink[];
  /** False: there is none of that id. */
  revokeLink(id: string): Promise<boolean>;
  /** Of a secret, whatever its standing; undefined: none of this bundle. */
  findLink(bundle: string, secret: string): BundleLink | undefined;
  /** True once, then false for good: when it resolves that is durable. */
  spendLink(id: string): Promise<boolean>;
}
