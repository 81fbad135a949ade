// The training pool: one experiment at a time a process, on the processors or the GPU of its machine.
import { taskQueues } from '../src/experiment/name.ts';
import { createTrainingActivities } from './activities/fine-tune-bert.ts';
import { createVerifyingActivities } from './activities/verify-activities.ts';
import { endAttemptsOfPredecessor } from './lost-predecessor.ts';
import type { WorkerKind } from './worker-process.ts';

export const trainingPool: WorkerKind = {
  name: 'training-worker',
  taskQueue: taskQueues.training,
  slots: 1,
  options: (dependencies) => ({
    activities: { ...createTrainingActivities(dependencies), ...createVerifyingActivities(dependencies) },
  }),
  beforePolling: endAttemptsOfPredecessor,
};
