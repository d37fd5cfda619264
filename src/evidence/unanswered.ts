import { networkTrouble, statusTrouble } from '../network/trouble.ts';
import { EvidenceError } from './error.ts';

/** Why an authority or a witness was not reached. */
export function wordsOf(cause: unknown): string {
  return networkTrouble(cause)?.words ?? (cause instanceof Error ? cause.message : 'failed');
}

/** An answer with another status than was hoped for. */
export function unanswered(status: number): EvidenceError {
  const trouble = statusTrouble(status);
  return new EvidenceError(
    'io',
    trouble === undefined ? `answers with status ${status}` : `can't be reached: ${trouble.words}`,
  );
}
