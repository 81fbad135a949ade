// A small model and made-up examples that training tests share.
import { createHash } from 'node:crypto';
import { noTarget, type Example } from '../../src/text/example-table.ts';
import { initialParameters } from '../../src/training/initial-parameters.ts';
import type {
  BertConfig,
  ModelHead,
  NamedTensor,
  Recipe,
  TrainingEvent,
  TrainingJob,
  TrainingRun,
  TrainingState,
} from '../../src/training/job.ts';
import { createKeystream, wordReader } from '../../src/training/random/keystream.ts';
import { trainableModel } from '../../src/training/trainable.ts';
import { plainRecipe } from './plain-recipe.ts';

export const tinyConfig: BertConfig = {
  family: 'bert',
  vocabularySize: 60,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  intermediateSize: 32,
  maxPositions: 16,
  positionOffset: 0,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
};

export const labelCount = 3;
export const tinyHead: ModelHead = { task: 'classification', labelCount };

/** Examples of 3 to 14 tokens; the label is told by the second token. */
export function madeUpExamples(count: number): Example[] {
  const next = wordReader(createKeystream(7, 'test examples'), 0, 0);
  return Array.from({ length: count }, () => {
    const words = Array.from({ length: 1 + (next() % 12) }, () => 4 + (next() % 56));
    const tokenIds = Int32Array.of(2, ...words, 3);
    return {
      tokenIds,
      secondStart: tokenIds.length,
      targets: Int32Array.of((words[0] ?? 0) % labelCount),
    };
  });
}

/** The bits of float32 numbers as targets hold them. */
export function floatTargets(values: readonly number[]): Int32Array {
  return new Int32Array(Float32Array.from(values).buffer);
}

/** The examples of `madeUpExamples` with a class for each token, none for the first and the last. */
export function tokenExamples(count: number): Example[] {
  return madeUpExamples(count).map((example) => ({
    ...example,
    targets: example.tokenIds.map((id, place) =>
      place === 0 || place === example.tokenIds.length - 1 ? noTarget : id % labelCount,
    ),
  }));
}

export const tinyRecipe: Recipe = {
  ...plainRecipe,
  epochs: 3,
  batchSize: 8,
  warmupRatio: 0.1,
  dropout: 0.1,
};

const whole = await initialParameters({ config: tinyConfig, head: tinyHead }, 11, []);

/** A job of 24 steps: 3 epochs of 61 examples in batches of 8, the last of each epoch short. */
export function tinyJob(changes: Partial<TrainingJob> = {}): TrainingJob {
  return {
    config: tinyConfig,
    head: tinyHead,
    examples: { examples: madeUpExamples(61), targetKind: 'class' },
    vocabulary: null,
    firstStep: 0,
    masking: null,
    untilStep: null,
    frozen: [],
    evaluation: null,
    recipe: tinyRecipe,
    threads: 1,
    provider: 'cpu',
    start: {
      step: 0,
      parameters: structuredClone(whole),
      firstMoments: whole.map(zeros),
      secondMoments: whole.map(zeros),
      unusedWords: { scale: 1, momentum: 0 },
      evaluations: null,
    },
    checkpoint: { everySteps: 1000, everySeconds: 1000 },
    ...changes,
  };
}

function zeros({ name, shape, data }: NamedTensor): NamedTensor {
  return { name, shape, data: new Float32Array(data.length) };
}

/** The job of another recipe or vocabulary, from the same whole model. */
export async function tinyJobOf(
  changes: Partial<Recipe>,
  vocabulary: Int32Array | null = null,
): Promise<TrainingJob> {
  const recipe = { ...tinyRecipe, ...changes };
  const model = { config: tinyConfig, head: tinyHead, vocabulary };
  const { start, frozen } = await trainableModel(model, recipe, structuredClone(whole));
  return tinyJob({ recipe, vocabulary, start, frozen });
}

export async function allEvents(run: TrainingRun): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of run.events) events.push(event);
  return events;
}

/** The sha256 of everything in a state: step, names, shapes and bits. */
export function hashState(state: TrainingState): string {
  const { scale, momentum } = state.unusedWords;
  const hash = createHash('sha256').update(`${state.step} ${scale} ${momentum}`);
  hash.update(JSON.stringify(state.evaluations));
  const add = (tensors: readonly NamedTensor[]): void => {
    hash.update(String(tensors.length));
    for (const { name, shape, data } of tensors)
      hash
        .update(`${name} ${shape.join('x')}`)
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  };
  add(state.parameters);
  add(state.firstMoments);
  add(state.secondMoments);
  return hash.digest('hex');
}
