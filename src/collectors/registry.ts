import { aws } from './aws/index.ts';
import { bamboohr } from './bamboohr/index.ts';
import type { CollectorPlugin } from './contract.ts';
import { github } from './github/index.ts';
import { google } from './google/index.ts';
import { hr } from './hr/index.ts';
import { kubernetes } from './kubernetes/index.ts';
import { register } from './register/index.ts';

/** Every collector plugin, by type. A new one is a folder and a line here; a test holds the two together. */
export const plugins: ReadonlyMap<string, CollectorPlugin<unknown>> = new Map(
  [aws, bamboohr, github, google, hr, kubernetes, register].map((plugin) => [plugin.type, plugin]),
);
