// What orchestration costs: an experiment whose activities do nothing, beside the same in the bare Temporal SDK.
//   npm run bench:orchestration -- [--rounds 60] [--at-once 50] [--at-once-rounds 3]
import { runTypescript } from './run-typescript.mjs';

await runTypescript('/test/bench/orchestration/main.ts');
