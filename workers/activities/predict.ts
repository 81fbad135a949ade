// The activity that answers texts with an experiment's model, and the models that it keeps between requests.
import { Context } from '@temporalio/activity';
import type { PredictionActivities, PredictionInput } from '../../src/experiment/activity.ts';
import { requirePredictionSize, type PredictionItem } from '../../src/experiment/prediction.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { resultCheckpoint } from '../../src/storage/result-checkpoint.ts';
import { InferenceCache } from '../../src/training/inference/inference-cache.ts';
import type { Inference } from '../../src/training/inference/open-inference.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { loadPredictor, predictTexts, type Reading } from './predictor.ts';
import { throwIfEnding } from './worker-stopping.ts';

/** Sessions that a worker keeps between requests, and the bytes of their models. */
const cacheLimits = { sessions: 4, bytes: 2 * 2 ** 30 } as const;

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
  try {
    const items = await models.predict(input, signal);
    requirePredictionSize('answer', items);
    return items;
  } catch (error) {
    throwIfEnding(dependencies.stopping, activity);
    throw error;
  }
}

/** The models used lately, each with its session. */
class KeptModels {
  readonly #dependencies: ActivityDependencies;
  readonly #cache = new InferenceCache(cacheLimits);
  /** What belongs to a session is kept for as long as the session is. */
  readonly #readings = new WeakMap<Inference, Reading>();

  constructor(dependencies: ActivityDependencies) {
    this.#dependencies = dependencies;
  }

  /** With the model of the experiment's result, which may be another than at the last request. */
  async predict(input: PredictionInput, signal: AbortSignal): Promise<readonly PredictionItem[]> {
    const { repositories, store } = this.#dependencies;
    const { projectId, experimentId } = input;
    const record = await repositories.experiments.require({ projectId, experimentId });
    const manifests = new CheckpointStore(store, projectId);
    const { id, manifest } = await resultCheckpoint(repositories.checkpoints, manifests, record);
    return this.#cache.use(
      id,
      async () => {
        const loaded = await loadPredictor(this.#dependencies, projectId, manifest);
        this.#readings.set(loaded.inference, loaded.reading);
        return loaded;
      },
      (inference) => {
        const reading = this.#readings.get(inference);
        if (reading === undefined) throw new Error('a session was kept without its reading');
        return predictTexts(inference, reading, input, signal);
      },
    );
  }

  close(): Promise<void> {
    return this.#cache.close();
  }
}
