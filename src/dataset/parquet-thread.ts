// The entry of the thread that decodes a Parquet file: a file made to exhaust its reader ends this thread, and no other.
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../thrown.ts';
import { CellFault } from './parquet-cell.ts';
import { openParquet, ParquetFault } from './parquet-file.ts';
import type { CellValue } from './rows.ts';

/** What the thread answers, in this order; each answer after the first is asked for by a message. */
export type ParquetAnswer =
  | { readonly kind: 'columns'; readonly columns: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly CellValue[])[] }
  | { readonly kind: 'end' }
  /** The file is to blame where `message` is given. */
  | { readonly kind: 'failed'; readonly message: string; readonly isFile: boolean };

const port = parentPort;
if (port === null) throw new Error('This file is the entry of a thread.');

function answer(message: ParquetAnswer): void {
  port?.postMessage(message);
}

function fail(error: unknown): void {
  // Faults of reading the file have a system's code; the parser's have none.
  const isFile = !(error instanceof Error && 'syscall' in error);
  const isNamed = error instanceof ParquetFault || error instanceof CellFault;
  answer({
    kind: 'failed',
    isFile,
    message: isNamed || !isFile ? messageOf(error) : 'cannot be read',
  });
}

try {
  // The one who starts this thread passes a path and nothing else.
  const { columns, batches } = await openParquet(workerData as string);
  port.on('message', () => {
    batches
      .next()
      .then(
        (next) => answer(next.done === true ? { kind: 'end' } : { kind: 'rows', rows: next.value }),
        fail,
      );
  });
  answer({ kind: 'columns', columns });
} catch (error) {
  // The thread's end would tell the other side less than this message does.
  fail(error);
}
