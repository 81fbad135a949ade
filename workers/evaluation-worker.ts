// The evaluation pool: prepares snapshots and evaluates trained models.
import { taskQueues } from '../src/experiment/name.ts';
import { createEvaluateActivities } from './activities/evaluate-bert.ts';
import { openPredictions } from './activities/predict.ts';
import { createSnapshotActivities } from './activities/snapshot-dataset.ts';
import { endAttemptsOfPredecessor } from './lost-predecessor.ts';
import { runWorkerProcess } from './worker-process.ts';

/** Preparing waits for storage much of the time, and predictions are short and waited for. */
const slots = 4;

await runWorkerProcess({
  name: 'evaluation-worker',
  taskQueue: taskQueues.evaluation,
  slots,
  options: (dependencies) => {
    const predictions = openPredictions(dependencies);
    const activities = {
      ...createSnapshotActivities(dependencies),
      ...createEvaluateActivities(dependencies),
      ...predictions.activities,
    };
    return { activities, close: predictions.close };
  },
  beforePolling: endAttemptsOfPredecessor,
});
