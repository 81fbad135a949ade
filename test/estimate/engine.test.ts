// What an estimate takes of the engine, which it may not import, is as the engine has it.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { largestOnnxBytes } from '../../src/estimate/export.ts';
import { runLimits } from '../../src/estimate/memory.ts';
import { hiddenShare, partTokens } from '../../src/estimate/workload.ts';
import { trainingDefaults } from '../../src/experiment/spec.ts';
import { experimentSteps, stepsAnEpoch } from '../../src/experiment/steps.ts';
import * as batchOrder from '../../src/training/batch-order.ts';
import * as onnxFile from '../../src/training/inference/onnx-file.ts';
import { chosenShare } from '../../src/training/masked-language.ts';
import * as runLength from '../../src/training/runtime/run-length.ts';
import * as stepParts from '../../src/training/step-parts.ts';

it('steps are cut into parts of as many tokens', () => {
  expect(partTokens).toBe(stepParts.partTokens);
});

it('runs end at the same limits', () => {
  expect(runLimits).toEqual(runLength.runLimits);
});

it('the same share of words is hidden', () => {
  expect(hiddenShare).toBe(chosenShare);
});

it('an ONNX file ends at the same size', () => {
  expect(largestOnnxBytes).toBe(onnxFile.largestOnnxBytes);
});

it('epochs have as many steps', () => {
  const counts = fc.record({
    rows: fc.integer({ min: 1, max: 100_000 }),
    batchSize: fc.integer({ min: 1, max: 1024 }),
    gradientAccumulation: fc.integer({ min: 1, max: 64 }),
    epochs: fc.integer({ min: 1, max: 10 }),
  });
  fc.assert(
    fc.property(counts, ({ rows, ...changes }) => {
      const training = { ...trainingDefaults, ...changes };
      expect(stepsAnEpoch(training, rows)).toBe(batchOrder.stepsPerEpoch(rows, training));
      expect(experimentSteps(training, rows)).toBe(batchOrder.totalSteps(rows, training));
    }),
  );
});
