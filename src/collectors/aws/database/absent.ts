/**
 * What is asked about isn't there, and the service said so: the answer that a probe looks for where the service says it with another status
 * than 404. Rejects with any other error.
 */
export async function unlessAbsent(
  NotFound: abstract new (...all: never) => Error,
  ask: () => Promise<unknown>,
): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
}
