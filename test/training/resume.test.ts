// Resuming: from any step, with any recipe, the end is that of a run without a break; and every part of a state counts.
import { beforeAll, describe, expect, it } from 'vitest';
import type { NamedTensor, Recipe, TrainingJob, TrainingState } from '../../src/training/job.ts';
import { createKeystream, wordReader } from '../../src/training/random/keystream.ts';
import { startTraining } from '../../src/training/trainer.ts';
import { allEvents, hashState, madeUpExamples, tinyJob, tinyJobOf } from './tiny-task.ts';

async function finalState(job: TrainingJob): Promise<TrainingState> {
  const checkpoints = (await allEvents(startTraining(job))).filter((event) => event.kind === 'checkpoint');
  return checkpoints.at(-1)!.state;
}

/** Runs until the first checkpoint at or after a step and ends the run there. */
async function stateAt(job: TrainingJob, step: number): Promise<TrainingState> {
  const run = startTraining({ ...job, checkpoint: { everySteps: step, everySeconds: 1000 } });
  for await (const event of run.events) if (event.kind === 'checkpoint') return event.state;
  throw new Error('no checkpoint');
}

const vocabulary = Int32Array.from(
  new Set(madeUpExamples(61).flatMap(({ tokenIds }) => [...tokenIds])),
).sort();
const lora = { rank: 2, alpha: 4, dropout: 0.1 };

const recipes: readonly (readonly [string, Partial<Recipe>, Int32Array | null])[] = [
  ['AdamW', {}, null],
  ['SGD over the words in use', { optimizer: 'sgd' }, vocabulary],
  ['adapters over the words in use', { lora }, vocabulary],
  [
    'a rate for each layer, frozen embeddings',
    { layerDecay: 0.8, freeze: { embeddings: true, layers: 0 } },
    null,
  ],
];

/** Steps at which the runs are broken: three for each recipe, drawn once. */
const nextWord = wordReader(createKeystream(3, 'breaks'), 0, 0);
const breaks = (): number[] => [1 + (nextWord() % 7), 8 + (nextWord() % 8), 16 + (nextWord() % 8)];

describe.each(recipes)('a run with %s', (_name, changes, words) => {
  let job: TrainingJob;
  let expected: string;
  beforeAll(async () => {
    job = await tinyJobOf(changes, words);
    expected = hashState(await finalState(job));
  });

  it.each(breaks())('resumed after step %i ends with the bytes of a run without a break', async (step) => {
    const state = await stateAt(job, step);
    expect(state.step).toBe(step);
    expect(hashState(await finalState({ ...job, start: state }))).toBe(expected);
  });
});

function changed(tensors: readonly NamedTensor[], name: string): NamedTensor[] {
  return tensors.map((tensor) =>
    tensor.name === name ? { ...tensor, data: tensor.data.map((value) => value * 1.01 + 1e-6) } : tensor,
  );
}

function zeroed(tensors: readonly NamedTensor[], name: string): NamedTensor[] {
  return tensors.map((tensor) =>
    tensor.name === name ? { ...tensor, data: new Float32Array(tensor.data.length) } : tensor,
  );
}

const words = 'bert.embeddings.word_embeddings.weight';
const key = 'bert.encoder.layer.0.attention.self.key.weight';
const norm = 'bert.encoder.layer.1.output.LayerNorm.bias';
const adapter = 'bert.encoder.layer.1.attention.self.value.lora_B.weight';

interface Control {
  readonly changes: Partial<Recipe>;
  /** Of the state after step 9. */
  readonly state?: (state: TrainingState) => TrainingState;
  /** Of the job that goes on. */
  readonly job?: (job: TrainingJob) => TrainingJob;
}

function ofState(state: NonNullable<Control['state']>, changes: Partial<Recipe> = {}): Control {
  return { changes, state };
}

function ofRecipe(recipe: Partial<Recipe>): Control {
  return { changes: {}, job: (job) => ({ ...job, recipe: { ...job.recipe, ...recipe } }) };
}

const seeds = { head: 11, order: 11, dropout: 11 };
const firstMoment = (name: string): Control =>
  ofState((state) => ({ ...state, firstMoments: zeroed(state.firstMoments, name) }));
const secondMoment = (name: string): Control =>
  ofState((state) => ({ ...state, secondMoments: changed(state.secondMoments, name) }));
const parameter = (name: string, changes: Partial<Recipe> = {}): Control =>
  ofState((state) => ({ ...state, parameters: changed(state.parameters, name) }), changes);

const controls: Readonly<Record<string, Control>> = {
  'the step, and with it rate, order and masks': ofState((state) => ({ ...state, step: state.step + 1 })),
  'the words': parameter(words),
  'a matrix': parameter(key),
  'a vector': parameter(norm),
  'the head': parameter('classifier.weight'),
  'an adapter': parameter(adapter, { lora }),
  'the first moment of the words': firstMoment(words),
  'the first moment of a matrix': firstMoment(key),
  'the first moment of a vector': firstMoment(norm),
  'the second moment of the words': secondMoment(words),
  'the second moment of a matrix': secondMoment(key),
  'the second moment of a vector': secondMoment(norm),
  'the first moment of an adapter': ofState(
    (state) => ({ ...state, firstMoments: zeroed(state.firstMoments, adapter) }),
    { lora },
  ),
  'the momentum of SGD': ofState((state) => ({ ...state, firstMoments: zeroed(state.firstMoments, key) }), {
    optimizer: 'sgd',
  }),
  'the decay of the words not in use': ofState((state) => ({
    ...state,
    unusedWords: { ...state.unusedWords, scale: 1 },
  })),
  'the momentum of the words not in use': ofState(
    (state) => ({ ...state, unusedWords: { ...state.unusedWords, momentum: 0 } }),
    { optimizer: 'sgd' },
  ),
  'the seed of the order': ofRecipe({ seeds: { ...seeds, order: 12 } }),
  'the seed of the dropout': ofRecipe({ seeds: { ...seeds, dropout: 12 } }),
  'the schedule': ofRecipe({ schedule: 'constant' }),
  'the examples': {
    changes: {},
    job: (job) => ({ ...job, examples: { examples: madeUpExamples(61).reverse(), targetKind: 'class' } }),
  },
};

interface Resumed {
  readonly job: TrainingJob;
  readonly expected: string;
}

/** A job that goes on after step 9, and how it ends. */
async function resumed(changes: Partial<Recipe>): Promise<Resumed> {
  const whole = await tinyJobOf(changes, vocabulary);
  const job = { ...whole, start: await stateAt(whole, 9) };
  return { job, expected: hashState(await finalState(job)) };
}

describe('a run resumed with another', () => {
  const kept = new Map<string, Promise<Resumed>>();
  const keptFor = (changes: Partial<Recipe>): Promise<Resumed> => {
    const name = JSON.stringify(changes);
    const found = kept.get(name) ?? resumed(changes);
    kept.set(name, found);
    return found;
  };

  it.each(Object.entries(controls))('%s ends with other bytes', async (_name, { changes, state, job }) => {
    const { job: whole, expected } = await keptFor(changes);
    const other = job === undefined ? whole : job(whole);
    const start = state === undefined ? other.start : state(other.start);
    expect(hashState(await finalState({ ...other, start }))).not.toBe(expected);
  });

  it('seed of the head ends with the same bytes, as the head is in the state', async () => {
    const { job, expected } = await keptFor({});
    const other = { ...job, recipe: { ...job.recipe, seeds: { ...seeds, head: 12 } } };
    expect(hashState(await finalState(other))).toBe(expected);
  });
});

describe('a state without a part', () => {
  let middle: TrainingState;
  beforeAll(async () => {
    middle = await stateAt(tinyJob(), 9);
  });

  it.each(['parameters', 'firstMoments', 'secondMoments'] as const)(
    'of its %s is refused as a fault of the machine',
    async (part) => {
      const start = { ...middle, [part]: middle[part].filter(({ name }) => name !== norm) };
      await expect(allEvents(startTraining(tinyJob({ start })))).rejects.toMatchObject({
        code: 'engine_failed',
        message: expect.stringContaining(norm) as string,
      });
    },
  );
});

describe('words that are not in use', () => {
  const scaleAfter = async (changes: Partial<Recipe>): Promise<number> => {
    const job = await tinyJobOf(
      { weightDecay: 0.1, schedule: 'constant', warmupRatio: 0, ...changes },
      vocabulary,
    );
    return (await finalState(job)).unusedWords.scale;
  };

  it('decay at the rate of the table of words, over all steps', async () => {
    expect(await scaleAfter({})).toBeCloseTo((1 - 1e-3 * 0.1) ** 24, 12);
    expect(await scaleAfter({ layerDecay: 0.5 })).toBeCloseTo((1 - 1e-3 * 0.5 ** 3 * 0.1) ** 24, 12);
  });

  it('stay as they are where the table is not trained', async () => {
    expect(await scaleAfter({ freeze: { embeddings: true, layers: 0 } })).toBe(1);
    expect(await scaleAfter({ lora })).toBe(1);
  });
});

describe('steps that were done before', () => {
  it('count on, and change nothing of what is learnt where nothing is dropped', async () => {
    const job = await tinyJobOf({ dropout: 0 });
    const later = { ...job, firstStep: 100, start: { ...job.start, step: 100 } };
    const records = (await allEvents(startTraining(later))).flatMap((event) =>
      event.kind === 'steps' ? event.steps : [],
    );
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, index) => 101 + index));
    const [end, expected] = [await finalState(later), await finalState(job)];
    expect(hashState({ ...end, step: 24 })).toBe(hashState(expected));
  });
});
