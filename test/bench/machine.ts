// The machine that a figure was measured on, and how busy it was.
import { cpus, loadavg } from 'node:os';

/** Processes that ran or wanted to, over the last minute. */
export const loadAverage = (): number => Number((loadavg()[0] ?? 0).toFixed(1));

export const machine = () => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.version,
  loadAverage: loadAverage(),
});
