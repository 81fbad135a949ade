// Which split an experiment is evaluated on when its submission names none.
import { CodedError } from '../error.ts';

/** In this order of preference. */
const usualEvaluationSplits = ['validation', 'dev', 'test'];

/**
 * The first there is of `validation`, `dev` and `test` that is not the training split.
 *
 * @param names of the dataset's splits.
 * @throws CodedError `dataset_split_missing` when there is none.
 */
export function defaultEvaluationSplit(names: readonly string[], trainSplit: string): string {
  const found = usualEvaluationSplits.find((usual) => usual !== trainSplit && names.includes(usual));
  if (found !== undefined) return found;
  throw new CodedError(
    'dataset_split_missing',
    `The dataset has none of the splits ${usualEvaluationSplits.join(', ')} to evaluate on besides ${trainSplit}.`,
  );
}
