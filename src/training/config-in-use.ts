// A model over the words that its examples use: its table of words has a row for each of these alone.
import type { TrainingJob } from './job.ts';

/** What of a job decides the rows of its table of words. */
type WordsOfModel = Pick<TrainingJob, 'config' | 'vocabulary'>;

/** The configuration with the size of the vocabulary in use. */
export function configInUse({ config, vocabulary }: WordsOfModel): TrainingJob['config'] {
  return vocabulary === null ? config : { ...config, vocabularySize: vocabulary.length };
}
