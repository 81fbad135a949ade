// The command of the fault campaign: exits with its verdict.
import { runTypescript } from './run-typescript.mjs';

await runTypescript('/test/chaos/main.ts');
