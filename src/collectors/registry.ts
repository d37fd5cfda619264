import { aws } from './aws/index.ts';
import type { CollectorPlugin } from './contract.ts';
import { hr } from './hr/index.ts';
import { register } from './register/index.ts';

/** Every collector plugin, by type. A new one is a folder and a line here; a test holds the two together. */
export const plugins: ReadonlyMap<string, CollectorPlugin<unknown>> = new Map(
  [aws, hr, register].map((plugin) => [plugin.type, plugin]),
);
