// What an estimate says, of data and models of which everything is known.
import { describe, expect, it } from 'vitest';
import { estimateExperiment, requireFits } from '../../src/estimate/estimate.ts';
import type { ModelSizes } from '../../src/estimate/model.ts';
import type { EstimateRequest } from '../../src/estimate/request.ts';
import { longestOf, meanTokens, wordsInUse, type EstimatedSplit } from '../../src/estimate/split.ts';
import { referenceStepSeconds, trainedSizes } from '../../src/estimate/time.ts';
import { stepWorkload } from '../../src/estimate/workload.ts';
import { trainingDefaults, type TrainingSpec } from '../../src/experiment/spec.ts';

const miniLm: ModelSizes = {
  family: 'bert',
  vocabularySize: 30_522,
  hiddenSize: 384,
  layers: 6,
  heads: 12,
  intermediateSize: 1536,
  maxPositions: 512,
  typeVocabularySize: 2,
};
const head = { task: 'classification', labelCount: 2 } as const;
const hashSizes: EstimateRequest['hashSizes'] = (training) => JSON.stringify(trainedSizes(training));

function splitOf(rows: number, lengths: readonly number[]): EstimatedSplit {
  return { rows, lengths, cutShare: 0, isSampled: false };
}

const data = {
  head,
  train: splitOf(1000, [8, 10, 12, 30]),
  evaluation: splitOf(200, [10, 20]),
  fewestRowsOfClass: 400,
};

function requestOf(
  changes: Partial<EstimateRequest> = {},
  training: Partial<TrainingSpec> = {},
): EstimateRequest {
  return {
    training: { ...trainingDefaults, ...training },
    evaluationBatchSize: 64,
    model: { config: miniLm, vocabularySize: 9000 },
    data,
    workers: { speeds: [], memoryLimitBytes: null },
    hashSizes,
    ...changes,
  };
}

/** A worker that takes so many times what the machine of reference takes for a model of some width. */
function speedOf(factor: number, hiddenSize: number) {
  const training = {
    config: { ...miniLm, hiddenSize, intermediateSize: 4 * hiddenSize },
    head,
    recipe: trainingDefaults,
    vocabularySize: 9000,
  };
  const workload = stepWorkload(training, { tokens: 1000, width: 40 });
  return { sizesSha256: hashSizes(training), workload, stepSeconds: factor * referenceStepSeconds(workload) };
}

function codes(request: EstimateRequest): string[] {
  return estimateExperiment(request).warnings.map(({ code }) => code);
}

describe('tokens and steps', () => {
  it('count every epoch and the evaluation at the end', () => {
    const { tokens, steps } = estimateExperiment(requestOf());
    expect(steps).toBe(3 * 32);
    expect(tokens).toBe(3 * 1000 * 15 + 200 * 15);
  });

  it('count pretraining and the evaluations on the way', () => {
    const training = { pretraining: { epochs: 2 }, evaluateEverySteps: 24 };
    const { tokens, steps } = estimateExperiment(requestOf({}, training));
    expect(steps).toBe(5 * 32);
    expect(tokens).toBe(5 * 1000 * 15 + 5 * 200 * 15);
  });
});

describe('time', () => {
  it('is not told before a worker has trained anything', () => {
    const { stepSeconds, totalSeconds, fits, warnings } = estimateExperiment(requestOf());
    expect([stepSeconds, totalSeconds, fits]).toEqual([null, null, null]);
    expect(warnings.map(({ code }) => code)).toEqual(['not_calibrated']);
  });

  it('follows the observation of equal sizes before one that is nearer by operations', () => {
    const speeds = [speedOf(7, 380), speedOf(3, 384)];
    const { stepSeconds, totalSeconds } = estimateExperiment(
      requestOf({ workers: { speeds, memoryLimitBytes: 64e9 } }),
    );
    const workload = stepWorkload(
      { config: miniLm, head, recipe: trainingDefaults, vocabularySize: 9000 },
      { tokens: 15 * 32, width: 30 },
    );
    expect(stepSeconds).toBeCloseTo(3 * referenceStepSeconds(workload), 9);
    expect(totalSeconds).toBeGreaterThan(96 * (stepSeconds ?? 0));
  });

  it('else follows the nearest by operations', () => {
    const workers = { speeds: [speedOf(7, 1024), speedOf(3, 512)], memoryLimitBytes: 64e9 };
    const near = estimateExperiment(requestOf({ workers })).stepSeconds;
    const far = estimateExperiment(
      requestOf({ workers: { ...workers, speeds: [speedOf(7, 1024)] } }),
    ).stepSeconds;
    expect((far ?? 0) / (near ?? 1)).toBeCloseTo(7 / 3, 6);
  });

  it('of adapters is less than of the whole model', () => {
    const workers = { speeds: [speedOf(1, 384)], memoryLimitBytes: 64e9 };
    const whole = estimateExperiment(requestOf({ workers })).stepSeconds ?? 0;
    const adapters = estimateExperiment(requestOf({ workers }, { lora: { rank: 8, alpha: 16, dropout: 0 } }));
    expect(adapters.stepSeconds).toBeLessThan(0.8 * whole);
  });
});

describe('memory', () => {
  const memory = (training: Partial<TrainingSpec>): number =>
    estimateExperiment(requestOf({}, training)).memoryBytes ?? 0;

  it('grows with the batch up to a part, and with accumulation no further', () => {
    expect(memory({ batchSize: 128 })).toBeGreaterThan(memory({ batchSize: 16 }));
    const full = memory({ batchSize: 256, dropout: 0 });
    expect(memory({ batchSize: 256, gradientAccumulation: 4, dropout: 0 })).toBe(full);
  });

  it('is less with one moment, and far less with adapters', () => {
    const whole = memory({});
    expect(memory({ optimizer: { name: 'sgd' } })).toBeLessThan(whole);
    expect(memory({ lora: { rank: 4, alpha: 8, dropout: 0 } })).toBeLessThan(0.8 * whole);
  });

  it('is that of the pretraining where that trains all words', () => {
    expect(memory({ pretraining: { epochs: 1 } })).toBeGreaterThan(memory({}));
  });

  it('that the worker seen last does not have is told, and refused before a start', () => {
    const workers = { speeds: [speedOf(1, 384)], memoryLimitBytes: 500e6 };
    const estimate = estimateExperiment(requestOf({ workers }));
    expect(estimate.fits).toBe(false);
    expect(estimate.warnings.map(({ code }) => code)).toContain('does_not_fit');
    expect(() => requireFits(estimate, 500e6)).toThrow(expect.objectContaining({ code: 'does_not_fit' }));
    expect(() => requireFits(estimate, 64e9)).not.toThrow();
    expect(() => requireFits(estimate, null)).not.toThrow();
  });
});

describe('warnings', () => {
  it('name what is unknown of a hub, and nothing that depends on it is told', () => {
    const estimate = estimateExperiment(requestOf({ model: null }));
    expect(estimate).toMatchObject({ tokens: null, steps: 96, memoryBytes: null, checkpointBytes: null });
    expect(codes(requestOf({ model: null }))).toEqual(['not_known_before_preparing']);
    expect(estimateExperiment(requestOf({ model: null, data: null })).steps).toBeNull();
  });

  it('name texts that are cut, samples, and rows that are few', () => {
    const few = {
      ...data,
      train: { rows: 20, lengths: [8, 128], cutShare: 0.5, isSampled: true },
      evaluation: splitOf(10, [8]),
      fewestRowsOfClass: 3,
    };
    const expected = [
      'sampled',
      'texts_cut',
      'few_rows_per_class',
      'few_evaluation_rows',
      'batch_larger_than_split',
    ];
    expect(codes(requestOf({ data: few }))).toEqual(['not_calibrated', ...expected]);
  });

  it('name an early stop and a warmup that never come about', () => {
    const training: Partial<TrainingSpec> = {
      earlyStopping: { metric: 'accuracy', patience: 2 },
      evaluateEverySteps: 500,
      warmupSteps: 96,
    };
    expect(codes(requestOf({}, training))).toEqual([
      'not_calibrated',
      'no_evaluation_signal',
      'warmup_longer_than_training',
    ]);
  });
});

describe('a split', () => {
  it('has a mean and a longest of several rows', () => {
    const split = splitOf(4, [10, 20, 30, 40]);
    expect(meanTokens(split)).toBe(25);
    expect([longestOf(split, 1), longestOf(split, 3), longestOf(split, 100)]).toEqual([30, 40, 40]);
  });

  it('uses more words than its sample, as Heaps’ law tells, and no more than there are', () => {
    const seen = { distinctInHalf: 100, distinct: 150, rows: 1000 };
    expect(wordsInUse(seen, 1000, 30_000)).toBe(150);
    expect(wordsInUse(seen, 2000, 30_000)).toBe(225);
    expect(wordsInUse(seen, 1e9, 30_000)).toBe(30_000);
  });
});
