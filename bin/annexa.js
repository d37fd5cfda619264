#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one gets a clear line instead of a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 14)) {
  process.stderr.write(
    `annexa: needs Node 24.14 or later, this is ${process.versions.node}. From a checkout: npx annexa ...\n`,
  );
  process.exit(2);
}
await import('../src/main.ts');
