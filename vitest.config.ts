import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line-reporter.ts'],
    // Two cores: heavy parts (Postgres, Temporal, training) must not fight each other into time-outs.
    maxWorkers: 2,
    // The engine reports to its makers otherwise.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
