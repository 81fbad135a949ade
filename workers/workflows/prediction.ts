// Predictions for one request: hands them to a worker and gives its answer back. It is no experiment and leaves nothing behind.
import { proxyActivities } from '@temporalio/workflow';
import type { PredictionActivities, PredictionInput } from '../../src/experiment/activity.ts';
import { taskQueues } from '../../src/experiment/name.ts';
import { predictionLimits, type PredictionItem } from '../../src/experiment/prediction.ts';

const { predict } = proxyActivities<PredictionActivities>({
  taskQueue: taskQueues.evaluation,
  scheduleToCloseTimeout: `${predictionLimits.seconds} s`,
  startToCloseTimeout: `${predictionLimits.seconds} s`,
  retry: { maximumAttempts: 2, initialInterval: '1 s' },
});

/** @throws what the activity throws, with the error's code as the failure's type. */
export async function PredictionWorkflow(input: PredictionInput): Promise<readonly PredictionItem[]> {
  return predict(input);
}
