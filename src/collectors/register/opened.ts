import type { Entry } from './cell.ts';

/** What is known of a register once its entries have been read to their end. */
export interface Facts {
  /** Hex; of a directory, that of the lines that `sha256sum` writes of its files. */
  sha256: string;
  bytes: number;
  /** Of a directory. */
  files?: number;
}

/** A register that is being read. Dispose of it when done. */
export interface Opened extends AsyncDisposable {
  /** The register's own time, Unix seconds; undefined: each entry states it. */
  readonly asOf: number | undefined;
  /** Rejects with a CollectorError rather than give a part of them. */
  readonly entries: AsyncIterable<Entry> | Iterable<Entry>;
  readonly facts: Facts;
}
