// A small model and made-up examples that training tests share.
import { createHash } from 'node:crypto';
import { initialState } from '../../src/training/initial-state.ts';
import type {
  BertConfig,
  NamedTensor,
  TrainingEvent,
  TrainingJob,
  TrainingRun,
  TrainingState,
} from '../../src/training/job.ts';
import { createKeystream, wordReader } from '../../src/training/random/keystream.ts';
import type { EncodedExamples } from '../../src/text/encoded-examples.ts';

export const tinyConfig: BertConfig = {
  vocabularySize: 60,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  intermediateSize: 32,
  maxPositions: 16,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
};

export const labelCount = 3;

/** Examples of 3 to 14 tokens; the label is told by the second token. */
export function madeUpExamples(count: number): { examples: EncodedExamples; labels: Int32Array } {
  const next = wordReader(createKeystream(7, 'test examples'), 0, 0);
  const rows = Array.from({ length: count }, () => {
    const words = Array.from({ length: 1 + (next() % 12) }, () => 4 + (next() % 56));
    return [2, ...words, 3];
  });
  const offsets = [0];
  for (const row of rows) offsets.push((offsets.at(-1) ?? 0) + row.length);
  return {
    examples: { tokenIds: Int32Array.from(rows.flat()), offsets: Int32Array.from(offsets) },
    labels: Int32Array.from(rows, (row) => (row[1] ?? 0) % labelCount),
  };
}

const start = await initialState(tinyConfig, labelCount, 11, []);

/** A job of 24 steps: 3 epochs of 61 examples in batches of 8, the last of each epoch short. */
export function tinyJob(changes: Partial<TrainingJob> = {}): TrainingJob {
  return {
    config: tinyConfig,
    labelCount,
    ...madeUpExamples(61),
    recipe: {
      epochs: 3,
      batchSize: 8,
      learningRate: 1e-3,
      weightDecay: 0.01,
      warmupRatio: 0.1,
      gradientClipping: 1,
      dropout: 0.1,
      seed: 11,
    },
    threads: 1,
    provider: 'cpu',
    start: structuredClone(start),
    checkpoint: { everySteps: 1000, everySeconds: 1000 },
    ...changes,
  };
}

export async function allEvents(run: TrainingRun): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of run.events) events.push(event);
  return events;
}

/** The sha256 of everything in a state: step, names, shapes and bits. */
export function hashState(state: TrainingState): string {
  const hash = createHash('sha256').update(String(state.step));
  const add = (tensors: readonly NamedTensor[]): void => {
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
