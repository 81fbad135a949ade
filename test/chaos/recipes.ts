// The kinds of training that a campaign disturbs: each part of what a checkpoint holds is needed by one of them.
import type { Dataset, Submission } from '../../openapi/client.ts';
import { exampleSubmission } from '../journeys/example-experiment.ts';

export interface Recipe {
  readonly name: string;
  readonly training: NonNullable<Submission['training']>;
}

/** Steps between checkpoints are given by each, so that few are made in vain and many kills come between two. */
const checkpoint = { everySteps: 20 };

export const recipes: readonly Recipe[] = [
  { name: 'dropout', training: { dropout: 0.3, epochs: 8, checkpoint } },
  { name: 'adapters', training: { lora: { rank: 4, dropout: 0.1 }, epochs: 8, checkpoint } },
  {
    name: 'early stopping',
    training: {
      earlyStopping: { metric: 'accuracy', patience: 30 },
      evaluateEverySteps: 25,
      epochs: 7,
      checkpoint,
    },
  },
  { name: 'accumulation', training: { gradientAccumulation: 3, epochs: 8, checkpoint: { everySteps: 6 } } },
  { name: 'pretraining', training: { pretraining: { epochs: 2 }, epochs: 4, checkpoint } },
  { name: 'sgd', training: { optimizer: { name: 'sgd' }, schedule: 'cosine', epochs: 8, checkpoint } },
  {
    name: 'frozen',
    training: { freeze: { embeddings: true, layers: 1 }, layerDecay: 0.9, epochs: 9, checkpoint },
  },
  { name: 'a checkpoint a step', training: { epochs: 6, checkpoint: { everySteps: 1 } } },
  {
    name: 'weighted',
    training: { classWeights: 'balanced', labelSmoothing: 0.1, warmupSteps: 30, epochs: 8, checkpoint },
  },
  { name: 'small batches', training: { batchSize: 8, schedule: 'polynomial', epochs: 4, checkpoint } },
];

export function submissionOf({ name, training }: Recipe, dataset: Dataset): Submission {
  return { ...exampleSubmission(dataset, training), name: `chaos ${name}` };
}
