// Opens the examples of a job, wherever they are.
import { openExampleFile } from '../text/example-file.ts';
import { exampleTableOf, type ExampleTable } from '../text/example-table.ts';
import type { ExampleSource } from './job.ts';

/** @throws CodedError `blob_corrupt` when the file is not one of examples */
export function openExamples(source: ExampleSource): ExampleTable {
  return 'path' in source ? openExampleFile(source.path) : exampleTableOf(source.examples, source.targetKind);
}
