// How far probabilities can be believed.
import { forEachYielding, type YieldToOthers } from '../../waiting/event-loop.ts';
import { ratio } from './arithmetic.ts';
import type { ClassProbabilities } from './probabilities.ts';

const binCount = 15;

/** The mean over rows of the sum over classes of (probability - truth)^2 (Brier, Mon. Weather Rev. 78, 1950); 0 to 2. */
export async function brierScore(
  probabilities: ClassProbabilities,
  labels: Int32Array,
  yieldToOthers: YieldToOthers,
): Promise<number> {
  let total = 0;
  await forEachYielding(labels.length, yieldToOthers, (row) => {
    for (let label = 0; label < probabilities.labelCount; label++)
      total += (probabilities.of(row, label) - (label === labels[row] ? 1 : 0)) ** 2;
  });
  return ratio(total, labels.length);
}

/**
 * Expected calibration error (Guo et al., arXiv 1706.04599) over 15 bins (i/15, (i+1)/15] of the confidence, which is the
 * probability of the predicted class: the mean over rows of |accuracy - mean confidence| of their bin.
 */
export function expectedCalibrationError(
  probabilities: ClassProbabilities,
  predicted: Int32Array,
  labels: Int32Array,
): number {
  /** Hits less confidence, summed up a bin: its size cancels out. */
  const excess = new Float64Array(binCount);
  labels.forEach((label, row) => {
    const prediction = predicted[row] ?? -1;
    const confidence = probabilities.of(row, prediction);
    const bin = Math.min(Math.max(Math.ceil(confidence * binCount) - 1, 0), binCount - 1);
    excess[bin] = (excess[bin] ?? 0) + (label === prediction ? 1 : 0) - confidence;
  });
  return ratio(
    excess.reduce((total, value) => total + Math.abs(value), 0),
    labels.length,
  );
}
