// A process of the training pool.
import { trainingPool } from './training-pool.ts';
import { runWorkerProcess } from './worker-process.ts';

await runWorkerProcess(trainingPool);
