import type { Findings } from './findings.ts';
export function* report({ evidence }: Findings): Generator<string> {
  yield `<!doctype html><title>${evidence.origin}</title>`;
}
