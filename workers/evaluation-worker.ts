// The evaluation pool: prepares snapshots and evaluates trained models.
import { taskQueues } from '../src/experiment/name.ts';
import { createEvaluateActivities } from './activities/evaluate-bert.ts';
import { InferenceCache } from '../src/training/inference/inference-cache.ts';
import { createPredictActivities, inferenceCacheLimits } from './activities/predict.ts';
import { createSnapshotActivities } from './activities/snapshot-dataset.ts';
import { runWorkerProcess } from './worker-process.ts';

/** Preparing waits for storage much of the time, and predictions are short and waited for. */
const slots = 4;

await runWorkerProcess({
  name: 'evaluation-worker',
  taskQueue: taskQueues.evaluation,
  slots,
  options: (dependencies) => {
    const cache = new InferenceCache(inferenceCacheLimits);
    const activities = {
      ...createSnapshotActivities(dependencies),
      ...createEvaluateActivities(dependencies),
      ...createPredictActivities(dependencies, cache),
    };
    return { activities, close: () => cache.close() };
  },
});
