// Metrics of classification, computed from predictions alone.

interface ClassMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Rows whose label this is. */
  readonly support: number;
}

export interface ClassificationMetrics {
  /** Mean of the losses. */
  readonly loss: number;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly weightedF1: number;
  readonly matthews: number;
  readonly perClass: ClassMetrics[];
  /** `[label][prediction]`, counts. */
  readonly confusionMatrix: number[][];
}

/** 0/0 counts as 0, scikit-learn's `zero_division=0`. */
function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function confusionMatrixOf(predicted: Int32Array, labels: Int32Array, labelCount: number): number[][] {
  const matrix = Array.from({ length: labelCount }, () => Array.from({ length: labelCount }, () => 0));
  labels.forEach((label, row) => {
    const counts = matrix[label];
    const prediction = predicted[row] ?? -1;
    if (counts?.[prediction] === undefined)
      throw new RangeError(
        `Row ${row}: label ${label} or prediction ${prediction} is not below ${labelCount}.`,
      );
    counts[prediction] += 1;
  });
  return matrix;
}

/** The multiclass correlation R_K (Gorodkin, Comput. Biol. Chem. 28, 2004); 0 when either side is constant. */
function matthewsCorrelation(
  correct: number,
  supports: readonly number[],
  predictions: readonly number[],
): number {
  const count = sum(supports);
  const covariance =
    correct * count - sum(supports.map((support, index) => support * (predictions[index] ?? 0)));
  const labelVariance = count * count - sum(supports.map((support) => support * support));
  const predictionVariance = count * count - sum(predictions.map((prediction) => prediction * prediction));
  return ratio(covariance, Math.sqrt(labelVariance * predictionVariance));
}

/**
 * Loss, accuracy, F1, Matthews correlation, the table per class and the confusion matrix.
 *
 * Macro F1 averages over the classes that occur among labels or predictions, which is scikit-learn's default; a class
 * that occurs in neither is in `perClass` with zeros and does not lower the average. Weighted F1 weighs by support.
 * @throws RangeError when a label or prediction is not a class
 */
export function classificationMetrics(input: {
  readonly predicted: Int32Array;
  readonly labels: Int32Array;
  readonly labelCount: number;
  readonly losses: Float32Array;
}): ClassificationMetrics {
  const confusionMatrix = confusionMatrixOf(input.predicted, input.labels, input.labelCount);
  const supports = confusionMatrix.map((row) => sum(row));
  const predictions = confusionMatrix.map((_, index) => sum(confusionMatrix.map((row) => row[index] ?? 0)));
  const hits = confusionMatrix.map((row, index) => row[index] ?? 0);
  const perClass = hits.map((hit, index): ClassMetrics => {
    const support = supports[index] ?? 0;
    const predictedCount = predictions[index] ?? 0;
    return {
      precision: ratio(hit, predictedCount),
      recall: ratio(hit, support),
      f1: ratio(2 * hit, support + predictedCount),
      support,
    };
  });
  const present = perClass.filter(({ support }, index) => support + (predictions[index] ?? 0) > 0);
  const count = input.labels.length;
  return {
    loss: ratio(sum([...input.losses]), count),
    accuracy: ratio(sum(hits), count),
    macroF1: ratio(sum(present.map(({ f1 }) => f1)), present.length),
    weightedF1: ratio(sum(perClass.map(({ f1, support }) => f1 * support)), count),
    matthews: matthewsCorrelation(sum(hits), supports, predictions),
    perClass,
    confusionMatrix,
  };
}

/** The class with the highest logit of each row of `[rows, labelCount]`; the lowest index on a tie. */
export function predictedClasses(logits: Float32Array, labelCount: number): Int32Array {
  return Int32Array.from({ length: logits.length / labelCount }, (_, row) => {
    const scores = logits.subarray(row * labelCount, (row + 1) * labelCount);
    return scores.reduce((best, score, index) => (score > (scores[best] ?? -Infinity) ? index : best), 0);
  });
}
