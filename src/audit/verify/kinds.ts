import { queryOf } from '../../controls/check.ts';
import { createSandbox } from '../../inventory/sandbox.ts';
import type { KindsOf } from '../selection.ts';

/** Compiles checks to see what they read: the process for it starts with the first one. */
export interface Kinds extends AsyncDisposable {
  readonly kindsOf: KindsOf;
}

export function createKinds(): Kinds {
  let sandbox: ReturnType<typeof createSandbox> | undefined;
  const known = new Map<string, readonly string[] | undefined>();
  return {
    async kindsOf(check) {
      const text = JSON.stringify(check);
      if (known.has(text)) return known.get(text);
      sandbox ??= createSandbox();
      const kinds = await sandbox.compile(queryOf(check)).then(
        (compiled) => compiled.kinds,
        () => undefined,
      );
      known.set(text, kinds);
      return kinds;
    },
    async [Symbol.asyncDispose]() {
      await sandbox?.[Symbol.asyncDispose]();
    },
  };
}
