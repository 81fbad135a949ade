// A row that lacks what its workflow was told is written: the database was restored from a copy. Whoever works on such a
// row must not make a result of it; the comparison of rows and workflows starts the experiment again.
import { CodedError } from '../error.ts';
import type { ExperimentRecord } from './experiment-record.ts';

/** The error that an attempt on such a row ends with. @param lacks such as "its snapshot". */
export function rowBehind({ id }: Pick<ExperimentRecord, 'id'>, lacks: string): CodedError {
  return new CodedError('row_behind', `The row of ${id} lacks ${lacks}.`);
}

/**
 * Holds the row to the last checkpoint of training.
 *
 * @param trainedStep its step; 0 where the workflow does not tell it, as its history began without: then nothing is asked.
 * @throws CodedError `row_behind`.
 */
export function requireTrained(
  record: Pick<ExperimentRecord, 'id' | 'latestCheckpoint'>,
  trainedStep = 0,
): void {
  if ((record.latestCheckpoint?.step ?? 0) < trainedStep)
    throw rowBehind(record, `the checkpoint of step ${trainedStep}, which training had ended with`);
}
