// Metrics of single-label classification, computed from logits and labels alone.
import { forEachYielding, type YieldToOthers } from '../../waiting/event-loop.ts';
import { meanOfDefined, ratio, sum } from './arithmetic.ts';
import { brierScore, expectedCalibrationError } from './calibration.ts';
import { classMetrics, macroF1, present, weightedF1, type ClassMetrics } from './class-report.ts';
import { classCounts, confusionMatrix, matthewsCorrelation } from './confusion-matrix.ts';
import { crossEntropies } from './example-losses.ts';
import { ClassProbabilities, predictedClasses, type LogitTable } from './probabilities.ts';
import { rankingMetrics, type RankingMetrics } from './ranking.ts';

export interface ClassificationMetrics {
  /** The mean cross-entropy, without label smoothing or class weights; `logLoss` is the same. */
  readonly loss: number;
  readonly accuracy: number;
  /** Over the classes that occur among labels or predictions, which is scikit-learn's default. */
  readonly macroF1: number;
  readonly weightedF1: number;
  readonly matthews: number;
  readonly logLoss: number;
  readonly brier: number;
  readonly expectedCalibrationError: number;
  /** One class against the rest, the mean of those that are defined; null where none is. */
  readonly rocAuc: number | null;
  /** Likewise. */
  readonly averagePrecision: number | null;
  readonly perClass: readonly ClassMetrics[];
  /** `[label][prediction]`, counts. */
  readonly confusionMatrix: readonly (readonly number[])[];
}

export interface ClassificationInput extends LogitTable {
  /** [rows]. */
  readonly labels: Int32Array;
}

/**
 * A class that occurs neither among labels nor among predictions is in `perClass` with zeros and lowers no average.
 * @throws RangeError when a label is not a class
 */
export async function classificationMetrics(
  input: ClassificationInput,
  yieldToOthers: YieldToOthers,
): Promise<ClassificationMetrics> {
  const { labels, labelCount } = input;
  const predicted = await predictedClasses(input, yieldToOthers);
  const matrix = confusionMatrix(predicted, labels, labelCount);
  const counts = classCounts(matrix);
  const probabilities = new ClassProbabilities(input);
  const loss = ratio(sum(await crossEntropies(probabilities, labels, yieldToOthers)), labels.length);
  const oneAgainstRest: RankingMetrics[] = [];
  await forEachYielding(labelCount, yieldToOthers, (label) => {
    oneAgainstRest.push(rankingMetrics(probabilities.column(label), (row) => labels[row] === label));
  });
  return {
    loss,
    accuracy: ratio(sum(counts.map(({ hits }) => hits)), labels.length),
    macroF1: macroF1(present(counts)),
    weightedF1: weightedF1(counts),
    matthews: matthewsCorrelation(counts),
    logLoss: loss,
    brier: await brierScore(probabilities, labels, yieldToOthers),
    expectedCalibrationError: expectedCalibrationError(probabilities, predicted, labels),
    rocAuc: meanOfDefined(oneAgainstRest.map((each) => each.rocAuc)),
    averagePrecision: meanOfDefined(oneAgainstRest.map((each) => each.averagePrecision)),
    perClass: counts.map(classMetrics),
    confusionMatrix: matrix,
  };
}
