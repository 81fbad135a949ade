// The activity that answers texts with an experiment's model.
import { Context } from '@temporalio/activity';
import type { PredictionActivities, PredictionInput } from '../../src/experiment/activity.ts';
import {
  predictionLimits,
  requirePredictionSize,
  type PredictionItem,
} from '../../src/experiment/prediction.ts';
import { KeptModels } from '../prediction/kept-models.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from '../attempt/dependencies.ts';
import { Watchdog } from '../attempt/watchdog.ts';
import { throwIfEnding } from '../attempt/worker-stopping.ts';

export interface Predictions {
  readonly activities: PredictionActivities;
  /** Frees the sessions that are kept; they would keep the process alive. */
  readonly close: () => Promise<void>;
}

/**
 * The activity that predicts, for the evaluation queue, and the sessions that it keeps.
 *
 * @throws nothing itself. The activity throws CancelledFailure, or ApplicationFailure with an error's code as its type:
 * `worker_stopping`; `no_checkpoint`, `not_found`, `invalid_request` for pairs where texts are asked for and the other way
 * round, `payload_too_large`, `engine_failed`, `out_of_memory`, `blob_missing`, `blob_corrupt`, `storage_unavailable`,
 * `database_unavailable`.
 */
export function openPredictions(dependencies: ActivityDependencies): Predictions {
  const models = new KeptModels(dependencies);
  return {
    activities: {
      predict: (input) => withCodedFailures(dependencies.log, () => predict(dependencies, models, input)),
    },
    close: () => models.close(),
  };
}

async function predict(
  dependencies: ActivityDependencies,
  models: KeptModels,
  input: PredictionInput,
): Promise<readonly PredictionItem[]> {
  const activity = Context.current();
  const signal = AbortSignal.any([dependencies.stopping, activity.cancellationSignal]);
  // Without a heartbeat to miss. When nobody waits for the answer any more, the engine has half as long again.
  const info = { heartbeatTimeoutMs: predictionLimits.seconds * 1000 };
  const watchdog = new Watchdog(dependencies, { info });
  try {
    const items = await models.predict(input, { signal, watchdog });
    requirePredictionSize('answer', items);
    return items;
  } catch (error) {
    throwIfEnding(dependencies.stopping, activity);
    throw error;
  }
}
