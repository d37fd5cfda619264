import { writeFile } from 'node:fs/promises';
import { dashboards } from './dashboards.ts';

// `npm run dashboards`: writes the dashboards beside this file.
for (const [file, text] of Object.entries(dashboards()))
  await writeFile(new URL(file, import.meta.url), text);
