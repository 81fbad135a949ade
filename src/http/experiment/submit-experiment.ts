// Takes a submission: everything that spec, columns and inline rows show is refused here, before anything is stored for it.
import type { CreatedExperiment } from '../../database/experiment-repository.ts';
import { defaultEvaluationSplit } from '../../dataset/evaluation-split.ts';
import { checkEvaluationLabels, LabelCensus, type LabelScheme } from '../../dataset/labels.ts';
import { usableRows, type SplitSource } from '../../dataset/column-mapping.ts';
import { splitsOfRows } from '../../dataset/inline-rows.ts';
import { CodedError } from '../../error.ts';
import { requireClassWeightsFit } from '../../experiment/class-weights.ts';
import { defaultProject, newExperimentId } from '../../experiment/id.ts';
import { resolveSubmission } from '../../experiment/resolve-submission.ts';
import type { DatasetSource, DatasetSpec, ResolvedSubmission } from '../../experiment/spec.ts';
import type { Submission } from '../../experiment/submission.ts';
import { requireTrainingFitsTask } from '../../experiment/training-problems.ts';
import { bindModel } from './bind-model.ts';
import type { AppDependencies } from '../dependencies.ts';
import { createOnce } from './create-once.ts';
import { filesOfSplits, uploadDataset } from '../upload/upload-dataset.ts';
import { quoted } from '../../json/quoted.ts';

type UnboundSpec = ResolvedSubmission['spec'];

/**
 * Stores an experiment, or finds the answer that the same key was given before.
 *
 * @throws CodedError for whatever is wrong with the submission; `idempotency_key_reused`.
 */
export async function submitExperiment(
  dependencies: AppDependencies,
  submission: Submission,
  key: string | undefined,
): Promise<CreatedExperiment> {
  return createOnce(dependencies.repositories.experiments, { key, body: submission }, async () => {
    const { source, spec } = resolveSubmission(submission);
    const model = await bindModel(dependencies, spec);
    const dataset = await bindDataset(dependencies, source, spec);
    return { id: newExperimentId(), spec: { ...spec, model, dataset } };
  });
}

/** Finds or stores the dataset, and makes the choices that depend on what it holds. */
async function bindDataset(
  dependencies: AppDependencies,
  source: DatasetSource,
  { dataset: spec, training }: UnboundSpec,
): Promise<DatasetSpec> {
  if ('id' in source) {
    const record = await dependencies.repositories.datasets.require(defaultProject, source.id);
    return { id: record.id, ...spec, evaluationSplit: checkColumns(record.splits, spec) };
  }
  // What splits and columns it has is known when it is prepared.
  if ('hub' in source) return { ...source, ...spec };
  const columns = Object.entries(source.rows).map(([name, rows]): [string, SplitColumns] => [
    name,
    { columns: [...new Set(rows.flatMap((row) => Object.keys(row)))] },
  ]);
  const splits = splitsOfRows(source.rows);
  const evaluationSplit = checkColumns(Object.fromEntries(columns), spec);
  const scheme = await checkRows(splits, spec, evaluationSplit);
  requireTrainingFitsTask(scheme.task, training);
  requireClassWeightsFit(scheme.names, training.classWeights);
  const { record } = await uploadDataset(dependencies, filesOfSplits(splits));
  return { id: record.id, ...spec, evaluationSplit };
}

const listedColumns = 10;

interface SplitColumns {
  readonly columns: readonly string[];
}

/** @returns the name of the evaluation split, `null` where a share of the training rows is set aside instead. */
function checkColumns(
  splits: Readonly<Record<string, SplitColumns>>,
  { trainSplit, evaluationSplit, evaluationFraction, ...fields }: UnboundSpec['dataset'],
): string | null {
  const evaluation =
    evaluationFraction === null
      ? (evaluationSplit ?? defaultEvaluationSplit(Object.keys(splits), trainSplit))
      : null;
  for (const name of evaluation === null ? [trainSplit] : [trainSplit, evaluation]) {
    const split = Object.hasOwn(splits, name) ? splits[name] : undefined;
    if (!split)
      throw new CodedError(
        'dataset_split_missing',
        `The dataset has no split ${name}; it has: ${Object.keys(splits).join(', ')}.`,
      );
    const { textField, textPairField, labelField } = fields;
    const missing = [textField, textPairField, labelField].find(
      (column) => column !== null && !split.columns.includes(column),
    );
    if (typeof missing === 'string')
      throw new CodedError(
        'dataset_column_missing',
        `Split ${name} has no column ${quoted(missing)}; it has: ${columnList(split)}.`,
      );
  }
  return evaluation;
}

/** The first columns: enough to see a slip. */
function columnList({ columns }: SplitColumns): string {
  return columns
    .slice(0, listedColumns)
    .map((column) => quoted(column))
    .join(', ');
}

/** Inline rows are few: what preparing would find wrong with the labels is told at once. */
async function checkRows(
  splits: readonly SplitSource[],
  { trainSplit, textField, textPairField, labelField, task }: UnboundSpec['dataset'],
  evaluationSplit: string | null,
): Promise<LabelScheme> {
  const mapping = { textField, textPairField: textPairField ?? undefined, labelField, task };
  const census = async (name: string): Promise<LabelCensus> => {
    const labels = new LabelCensus();
    const split = splits.find((one) => one.name === name);
    if (split === undefined) return labels;
    for await (const row of usableRows(split, mapping)) for (const label of row.labels) labels.add(label);
    return labels;
  };
  const scheme = (await census(trainSplit)).scheme(task, trainSplit);
  if (evaluationSplit !== null)
    checkEvaluationLabels(await census(evaluationSplit), scheme, {
      train: trainSplit,
      evaluation: evaluationSplit,
    });
  return scheme;
}
