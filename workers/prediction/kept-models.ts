// The models that a worker keeps between requests for predictions.
import type { Repositories } from '../../src/database/repositories.ts';
import type { PredictionInput } from '../../src/experiment/activity.ts';
import type { PredictionItem } from '../../src/experiment/prediction.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { resultCheckpoint } from '../../src/storage/result-checkpoint.ts';
import { InferenceCache } from '../../src/training/inference/inference-cache.ts';
import type { Inference } from '../../src/training/inference/open-inference.ts';
import {
  loadPredictor,
  predictTexts,
  type PredictionRun,
  type PredictorSources,
  type Reading,
} from './predictor.ts';

/** Sessions that a worker keeps between requests, and the bytes of their models. */
const cacheLimits = { sessions: 4, bytes: 2 * 2 ** 30 } as const;

/** Where it is found which model an experiment has, and what that is run with. */
export interface PredictionSources extends PredictorSources {
  readonly repositories: Pick<Repositories, 'experiments' | 'checkpoints'>;
}

/** The models used lately, each with its session. */
export class KeptModels {
  readonly #sources: PredictionSources;
  readonly #cache = new InferenceCache(cacheLimits);
  /** What belongs to a session is kept for as long as the session is. */
  readonly #readings = new WeakMap<Inference, Reading>();

  constructor(sources: PredictionSources) {
    this.#sources = sources;
  }

  /** With the model of the experiment's result, which may be another than at the last request. */
  async predict(input: PredictionInput, run: PredictionRun): Promise<readonly PredictionItem[]> {
    const { repositories, store } = this.#sources;
    const { projectId, experimentId } = input;
    const record = await repositories.experiments.require({ projectId, experimentId });
    const manifests = new CheckpointStore(store, projectId);
    const { id, manifest } = await resultCheckpoint(repositories.checkpoints, manifests, record);
    return this.#cache.use(
      id,
      async () => {
        const loaded = await loadPredictor(this.#sources, projectId, manifest);
        this.#readings.set(loaded.inference, loaded.reading);
        return loaded;
      },
      (inference) => {
        const reading = this.#readings.get(inference);
        if (reading === undefined) throw new Error('a session was kept without its reading');
        return predictTexts(inference, reading, input, run);
      },
    );
  }

  close(): Promise<void> {
    return this.#cache.close();
  }
}
