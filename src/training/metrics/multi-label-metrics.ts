// Metrics of multi-label classification: each label is there or not, whatever the others are.
import { forEachYielding, type YieldToOthers } from '../../waiting/event-loop.ts';
import { meanOfDefined, ratio, sum } from './arithmetic.ts';
import {
  classMetrics,
  macroF1,
  pooled,
  weightedF1,
  type ClassCounts,
  type ClassMetrics,
} from './class-report.ts';
import { binaryCrossEntropies } from './example-losses.ts';
import type { LogitTable, Numbers } from './probabilities.ts';
import { rankingMetrics, type RankingMetrics } from './ranking.ts';

type LabelMetrics = ClassMetrics & RankingMetrics;

export interface MultiLabelMetrics {
  /** The mean binary cross-entropy over rows and labels. */
  readonly loss: number;
  /** The share of rows with every label right. */
  readonly subsetAccuracy: number;
  /** The share of labels of rows that are wrong. */
  readonly hammingLoss: number;
  readonly microF1: number;
  /** Over all labels. */
  readonly macroF1: number;
  readonly weightedF1: number;
  /** The mean over the labels for which it is defined; null where it is for none. */
  readonly rocAuc: number | null;
  /** Likewise. */
  readonly averagePrecision: number | null;
  readonly perLabel: readonly LabelMetrics[];
}

export interface MultiLabelInput extends LogitTable {
  /** 0 or 1, [rows, labelCount]. */
  readonly targets: Numbers;
}

/** A label is predicted when its probability is at least 0.5: when its logit is at least 0. */
export function predictedLabel(logit: number): boolean {
  return logit >= 0;
}

function column(values: Numbers, label: number, labelCount: number): Float64Array {
  return Float64Array.from(
    { length: values.length / labelCount },
    (_, row) => values[row * labelCount + label] ?? NaN,
  );
}

interface LabelFigures {
  readonly counts: ClassCounts;
  readonly metrics: LabelMetrics;
}

function labelFigures({ logits, targets, labelCount }: MultiLabelInput, label: number): LabelFigures {
  const scores = column(logits, label, labelCount);
  const truth = column(targets, label, labelCount);
  const isPositive = (row: number): boolean => truth[row] === 1;
  const counts = {
    hits: scores.filter((score, row) => predictedLabel(score) && isPositive(row)).length,
    predicted: scores.filter(predictedLabel).length,
    support: truth.filter((value) => value === 1).length,
  };
  return {
    counts,
    metrics: {
      ...classMetrics(counts),
      // The sigmoid keeps the order, so that the logits rank as the probabilities do.
      ...rankingMetrics(scores, isPositive),
    },
  };
}

/** The metrics of rows, each label for itself; averages are over all labels, also those that are nowhere. */
export async function multiLabelMetrics(
  input: MultiLabelInput,
  yieldToOthers: YieldToOthers,
): Promise<MultiLabelMetrics> {
  const { logits, targets, labelCount } = input;
  const rows = logits.length / labelCount;
  const figures: LabelFigures[] = [];
  await forEachYielding(labelCount, yieldToOthers, (label) => {
    figures.push(labelFigures(input, label));
  });
  const counts = figures.map((each) => each.counts);
  const perLabel = figures.map((each) => each.metrics);
  const wrong = new Int32Array(rows);
  await forEachYielding(rows, yieldToOthers, (row) => {
    let count = 0;
    for (let place = row * labelCount; place < (row + 1) * labelCount; place++)
      if (predictedLabel(logits[place] ?? NaN) !== (targets[place] === 1)) count += 1;
    wrong[row] = count;
  });
  return {
    loss: ratio(sum(await binaryCrossEntropies(input, targets, yieldToOthers)), rows),
    subsetAccuracy: ratio(wrong.filter((count) => count === 0).length, rows),
    hammingLoss: ratio(sum(wrong), logits.length),
    microF1: classMetrics(pooled(counts)).f1,
    macroF1: macroF1(counts),
    weightedF1: weightedF1(counts),
    rocAuc: meanOfDefined(perLabel.map((each) => each.rocAuc)),
    averagePrecision: meanOfDefined(perLabel.map((each) => each.averagePrecision)),
    perLabel,
  };
}
