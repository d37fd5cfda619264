import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const common = { setupFiles: ['test/setup.ts'], testTimeout: 30_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    // Tests wait for children and for the loopback much of their time: two at once, even on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/peers/**', 'test/fixtures/**', 'test/bundles/**'],
        },
      },
      {
        test: {
          ...common,
          name: 'peers',
          include: ['test/peers/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
