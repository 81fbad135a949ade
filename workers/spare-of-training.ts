// A training worker that has loaded its program and waits until the one beside it has died. Its own command line does not name
// the worker, so that who looks for that finds those at work alone.
import { fileURLToPath } from 'node:url';
import { untilActivated } from '../src/spare-process.ts';
import { trainingPool } from './training-pool.ts';
import { runWorkerProcess } from './worker-process.ts';

const worker = fileURLToPath(new URL('training-worker.js', import.meta.url));
await untilActivated(`${process.execPath} ${worker}`);
await runWorkerProcess(trainingPool);
