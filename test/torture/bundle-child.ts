import { runRounds } from './bundle-rounds.ts';
import type { Work } from './bundle-rounds.ts';

process.once('message', (work: Work) => void run(work));

async function run(work: Work): Promise<void> {
  const result = await runRounds(work, (line) => process.send?.({ line }));
  process.send?.({ result }, () => process.disconnect());
}
