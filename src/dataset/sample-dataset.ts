// What can be said of a dataset without preparing it: how many rows are taken, how long they are, which words are in use.
import { CodedError } from '../error.ts';
import type { EstimatedData } from '../estimate/request.ts';
import { wordsInUse, type EstimatedSplit } from '../estimate/split.ts';
import type { DatasetUse } from '../experiment/spec.ts';
import type { ColumnMapping, SplitSource } from './column-mapping.ts';
import { defaultEvaluationSplit } from './evaluation-split.ts';
import { checkEvaluationLabels, type LabelScheme } from './labels.ts';
import { sampleRows, type RowSample } from './sample-rows.ts';
import { sampleTokenizer, sampleTokens, type TokenSample } from './sample-tokens.ts';

/** A split with the rows of its file, those without text or label included. */
export interface CountedSplit extends SplitSource {
  readonly fileRows: number;
}

export interface SampleRequest {
  readonly splits: readonly CountedSplit[];
  readonly use: DatasetUse;
  readonly maxSequenceLength: number;
  /** `undefined`: a vocabulary is learned, of at most so many words. */
  readonly tokenizerJson: string | undefined;
  readonly vocabularySize: number;
}

export interface SampledDataset {
  readonly data: EstimatedData;
  readonly scheme: LabelScheme;
  /** Whether all training rows were read, so that the scheme has every label. */
  readonly isWhole: boolean;
  /** Of the tokenizer. */
  readonly tokenizerSize: number;
  /** Words in use, in training and evaluation. */
  readonly wordsInUse: number;
}

interface Samples {
  readonly train: RowSample;
  readonly evaluation: RowSample;
  /** Rows that are taken of each. */
  readonly taken: { readonly train: number; readonly evaluation: number };
}

function named(splits: readonly CountedSplit[], name: string): CountedSplit {
  const found = splits.find((split) => split.name === name);
  if (found !== undefined) return found;
  const names = splits.map((split) => split.name).join(', ');
  throw new CodedError('dataset_split_missing', `The dataset has no split ${name}; it has: ${names}.`);
}

function atMost(rows: number, most: number | null): number {
  return Math.min(rows, most ?? Infinity);
}

async function readSamples(splits: readonly CountedSplit[], use: DatasetUse): Promise<Samples> {
  const { trainSplit, evaluationFraction, maxTrainSamples, maxEvaluationSamples } = use;
  const mapping: ColumnMapping = { ...use, textPairField: use.textPairField ?? undefined };
  const train = named(splits, trainSplit);
  const read = (split: CountedSplit): Promise<RowSample> => sampleRows(split, mapping, split.fileRows);
  if (evaluationFraction !== null) {
    const sample = await read(train);
    const aside = Math.max(1, Math.round(sample.usableRows * evaluationFraction));
    return {
      train: sample,
      evaluation: sample,
      taken: {
        train: atMost(sample.usableRows - aside, maxTrainSamples),
        evaluation: atMost(aside, maxEvaluationSamples),
      },
    };
  }
  const names = splits.map(({ name }) => name);
  const evaluation = named(splits, use.evaluationSplit ?? defaultEvaluationSplit(names, trainSplit));
  const [ofTrain, ofEvaluation] = [await read(train), await read(evaluation)];
  return {
    train: ofTrain,
    evaluation: ofEvaluation,
    taken: {
      train: atMost(ofTrain.usableRows, maxTrainSamples),
      evaluation: atMost(ofEvaluation.usableRows, maxEvaluationSamples),
    },
  };
}

/** The labels' scheme; of a split that was not read to its end they tell the task, and nothing is refused for them. */
function schemeOf({ train, evaluation }: Samples, use: DatasetUse): LabelScheme {
  const { trainSplit, task } = use;
  if (!train.isWhole && train.labels.names.size < 2)
    return { task: task === 'auto' ? 'classification' : task, names: [...train.labels.names] };
  const scheme = train.labels.scheme(task, trainSplit);
  if (train.isWhole && evaluation.isWhole && train !== evaluation)
    checkEvaluationLabels(evaluation.labels, scheme, {
      train: trainSplit,
      evaluation: use.evaluationSplit ?? 'evaluation',
    });
  return scheme;
}

function splitOf({ lengths, cutShare }: TokenSample, rows: number): EstimatedSplit {
  return { rows, lengths, cutShare, isSampled: lengths.length < rows };
}

function fewestRows({ train, taken }: Samples, { task, names }: LabelScheme): number | null {
  if (task !== 'classification') return null;
  const share = taken.train / train.usableRows;
  return Math.round(share * Math.min(...names.map((name) => train.labelCounts.get(name) ?? 0)));
}

/**
 * Reads samples of the splits that an experiment uses.
 *
 * @throws CodedError `dataset_split_missing`, `dataset_column_missing`, `dataset_split_empty`, `dataset_invalid`,
 * `labels_invalid`; `model_invalid` or `not_supported` for a tokenizer that cannot be followed.
 */
export async function sampleDataset(request: SampleRequest): Promise<SampledDataset> {
  const { use, maxSequenceLength } = request;
  const samples = await readSamples(request.splits, use);
  const { train, evaluation, taken } = samples;
  const scheme = schemeOf(samples, use);
  const tokenizer = await sampleTokenizer(request.tokenizerJson, train.rows, request.vocabularySize);
  const ofTrain = sampleTokens(tokenizer, train.rows, maxSequenceLength);
  const ofEvaluation = sampleTokens(tokenizer, evaluation.rows, maxSequenceLength);
  return {
    scheme,
    isWhole: train.isWhole,
    tokenizerSize: tokenizer.vocabularySize,
    wordsInUse: wordsInUse(ofTrain, taken.train + taken.evaluation, tokenizer.vocabularySize),
    data: {
      head: { task: scheme.task, labelCount: scheme.task === 'regression' ? 1 : scheme.names.length },
      train: splitOf(ofTrain, taken.train),
      evaluation: splitOf(ofEvaluation, taken.evaluation),
      fewestRowsOfClass: fewestRows(samples, scheme),
    },
  };
}
