import type { Findings } from './findings.ts';
export function* readme({ evidence }: Findings): Generator<string> {
  yield `# Evidence bundle of ${evidence.origin}\n`;
}
