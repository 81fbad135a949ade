// What experiments report whose work is nothing: the smallest of each that the reports may hold.
import { sha256Of } from '../../../dist/src/storage/blob-store.js';
import { snapshotIdOf } from '../../../dist/src/experiment/id.js';
import { evaluationMetrics } from '../../../dist/src/training/metrics/evaluation-metrics.js';

export const emptyBlob = { sha256: sha256Of(''), sizeBytes: 0 };

export const snapshotSummary = {
  id: snapshotIdOf(emptyBlob.sha256),
  sha256: emptyBlob.sha256,
  rows: { train: 1, evaluation: 1, leftOut: 0 },
  labels: ['no', 'yes'],
  tokens: 2,
};

export const preparedSnapshot = {
  sha256: emptyBlob.sha256,
  totalSteps: 1,
  stepSeconds: 0,
  evaluationBatchSeconds: 0,
};

export const profile = {
  onnxruntimeVersion: 'none',
  provider: 'cpu',
  instructionSet: 'none',
  threads: 1,
  graphSha256: emptyBlob.sha256,
};

export const onlyStep = {
  step: 1,
  lossBits: 0,
  gradientNormBits: 0,
  learningRate: 0,
  examples: 1,
  tokens: 1,
};

export const progress = {
  step: 1,
  totalSteps: 1,
  epoch: 1,
  loss: 0,
  learningRate: 0,
  tokensPerSecond: null,
  etaSeconds: null,
};

export const times = { usefulSeconds: 0, repeatedSeconds: 0, checkpointSeconds: 0, evaluationSeconds: 0 };

/** A checkpoint's blobs, none of which has a byte. */
export const checkpointBlobs = {
  base: emptyBlob,
  parameters: emptyBlob,
  firstMoments: emptyBlob,
  secondMoments: emptyBlob,
  vocabulary: null,
  config: emptyBlob,
  tokenizer: emptyBlob,
};

export const metrics = await evaluationMetrics(
  { task: 'classification', logits: Float32Array.of(1, 0), labelCount: 2, labels: Int32Array.of(0) },
  () => undefined,
);
