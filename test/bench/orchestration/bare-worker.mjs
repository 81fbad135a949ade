// A worker of the bare SDK on one of the bare queues: workflows of the same shape, activities that return at once.
//   node bare-worker.mjs coordinator|training|evaluation QUEUE SLOTS ADDRESS BUNDLE
import { NativeConnection, Worker } from '@temporalio/worker';
import { emptyBlob, onlyStep, preparedSnapshot } from './nothing.mjs';

const checkpoint = { step: onlyStep.step, id: emptyBlob.sha256 };

const activities = {
  coordinator: { recordTransition: () => undefined, publishReport: () => undefined },
  training: { fineTune: () => ({ outcome: 'completed', checkpoint }) },
  evaluation: {
    snapshotDataset: () => preparedSnapshot,
    evaluate: () => ({ evaluationSha256: emptyBlob.sha256 }),
  },
};

const [, , kind, taskQueue, slots, address, codePath] = process.argv;
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  maxConcurrentActivityTaskExecutions: Number(slots),
  activities: activities[kind],
  ...(kind === 'coordinator' && { workflowBundle: { codePath } }),
});
await worker.run();
