// How large an exported model will be, held against the exporter, and which models are refused for it.
import { describe, expect, it } from 'vitest';
import { estimateExperiment } from '../../src/estimate/estimate.ts';
import { onnxFileBytes, requireExportable } from '../../src/estimate/export.ts';
import type { EstimatedHead } from '../../src/estimate/model.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import { parameterSpecifications } from '../../src/training/bert/parameters.ts';
import { exportOnnx } from '../../src/training/inference/export-onnx.ts';
import type { InferenceModel } from '../../src/training/inference/inference-model.ts';
import type { BertConfig } from '../../src/training/job.ts';
import { familiesOf } from './families.ts';

/** Twelve layers, so that what is said of each of them counts. */
const families = familiesOf({ hiddenSize: 64, layers: 12, heads: 4, intermediateSize: 256 });
const heads: readonly InferenceModel['head'][] = [
  { task: 'classification', labelCount: 5 },
  { task: 'tokenClassification', labelCount: 7 },
];

function exportedBytes(
  config: BertConfig,
  head: InferenceModel['head'],
  precision: 'float32' | 'int8',
): number {
  const tensors = parameterSpecifications(config, head).map(({ name, shape }) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  }));
  return exportOnnx({ config, head, precision, tensors }).length;
}

describe.each(families)('the ONNX file of $family', (config) => {
  it.each(heads)('is no larger than is foretold, and hardly smaller, for $task', (head) => {
    const foretold = onnxFileBytes({ config, head });
    expect(exportedBytes(config, head, 'int8')).toBeLessThan(foretold);
    const real = exportedBytes(config, head, 'float32');
    expect(real).toBeLessThanOrEqual(foretold);
    expect(foretold - real).toBeLessThan(4096 * (config.layers + 2));
  });
});

describe('a model', () => {
  /** The encoder of BERT, large: 303 million values; each word adds 1,024. */
  const large = {
    family: 'bert',
    vocabularySize: 223_000,
    hiddenSize: 1024,
    layers: 24,
    heads: 16,
    intermediateSize: 4096,
    maxPositions: 512,
    typeVocabularySize: 2,
  } as const;
  const head: EstimatedHead = { task: 'classification', labelCount: 2 };
  const refusal = expect.objectContaining({ code: 'not_supported' }) as Error;

  it('of up to 2 GiB is taken, and a larger one refused', () => {
    expect(() => requireExportable({ config: large, head })).not.toThrow();
    expect(() => requireExportable({ config: { ...large, vocabularySize: 250_002 }, head })).toThrow(refusal);
  });

  it('that is too large has no estimate, even where adapters alone are trained', () => {
    const split = { rows: 100, lengths: [20], cutShare: 0, isSampled: false };
    const estimate = (vocabularySize: number) =>
      estimateExperiment({
        training: { ...trainingDefaults, lora: { rank: 4, alpha: 8, dropout: 0 } },
        evaluationBatchSize: 64,
        model: { config: { ...large, vocabularySize }, vocabularySize: 1000 },
        data: { head, train: split, evaluation: split, fewestRowsOfClass: 50 },
        workers: { speeds: [], memoryLimitBytes: 64e9 },
        hashSizes: () => '',
      });
    expect(() => estimate(250_002)).toThrow(refusal);
    expect(estimate(30_522).fits).toBe(true);
  });
});
