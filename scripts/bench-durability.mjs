// What a killed training worker costs, and what checkpoints do, on a model of MiniLM's sizes with its objects in S3.
//   npm run bench:durability -- [--part recovery|stall|share] [--model DIR] [--kills 5] [--minutes 5] [--kill-every-seconds 60] [--json]
import { runTypescript } from './run-typescript.mjs';

await runTypescript('/test/bench/durability/main.ts');
