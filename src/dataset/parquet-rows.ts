// The rows of a Parquet file, which needs to be read from its end: the stream is kept on disk first, then decoded in a thread.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Worker } from 'node:worker_threads';
import { CodedError } from '../error.ts';
import { makeScratchDirectory } from '../storage/scratch-directory.ts';
import { threadLocation } from '../thread-location.ts';
import { checkColumnNames } from './column-names.ts';
import { parquetLimits } from './limits.ts';
import type { ParquetAnswer } from './parquet-thread.ts';
import type { RowProblems } from './row-problems.ts';
import type { Row } from './rows.ts';

/**
 * Reads rows one by one; their lines are their places in the file, from 1. Compressed by snappy, gzip, zstd, brotli, LZ4 or
 * not at all.
 *
 * @throws CodedError `dataset_invalid` for what is no Parquet file, is broken, or is over a limit.
 */
export async function* parquetRows(stream: Readable, problems: RowProblems): AsyncGenerator<Row> {
  const directory = await makeScratchDirectory();
  try {
    const path = join(directory, 'rows.parquet');
    await pipeline(stream, createWriteStream(path));
    yield* rowsOfFile(path, problems);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function* rowsOfFile(path: string, problems: RowProblems): AsyncGenerator<Row> {
  const thread = new ParquetThread(path);
  let columns: readonly string[] = [];
  let line = 1;
  try {
    for (;;) {
      const answer = await thread.next();
      if (answer.kind === 'end') return;
      if (answer.kind === 'failed') {
        if (answer.isFile) problems.fail(line, answer.message.slice(0, 200));
        throw new CodedError('storage_unavailable', 'A file of this machine cannot be read.', {
          cause: new Error(answer.message),
        });
      }
      if (answer.kind === 'columns') {
        ({ columns } = answer);
        checkColumnNames(line, columns, problems);
        continue;
      }
      for (const cells of answer.rows) {
        yield {
          line,
          values: Object.fromEntries(columns.map((column, place) => [column, cells[place] ?? null])),
        };
        line += 1;
      }
    }
  } finally {
    await thread.end();
  }
}

/** Asks a thread for one answer after another; a thread that ends or hangs is an answer too. */
class ParquetThread {
  readonly #worker: Worker;
  /** Answers that nobody waits for yet. */
  readonly #answers: ParquetAnswer[] = [];
  #receive: ((answer: ParquetAnswer) => void) | undefined;
  #isFirst = true;

  constructor(path: string) {
    this.#worker = new Worker(threadLocation('dataset/parquet-thread'), {
      workerData: path,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: parquetLimits.heapMebibytes },
    });
    this.#worker.on('message', (answer: ParquetAnswer) => this.#take(answer));
    this.#worker.on('error', (error: Error & { readonly code?: unknown }) => {
      const isFile = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      const message = isFile ? 'takes more memory to decode than it may' : error.message;
      this.#take({ kind: 'failed', isFile, message });
    });
    this.#worker.on('exit', () =>
      this.#take({ kind: 'failed', isFile: false, message: 'The thread that decodes Parquet ended.' }),
    );
  }

  async next(): Promise<ParquetAnswer> {
    if (!this.#isFirst) this.#worker.postMessage('next');
    this.#isFirst = false;
    const waiting = this.#answers.shift();
    if (waiting !== undefined) return waiting;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve) => {
        this.#receive = resolve;
        const message = `takes over ${parquetLimits.answerSeconds} seconds to decode`;
        const tooLate = (): void => resolve({ kind: 'failed', isFile: true, message });
        timer = setTimeout(tooLate, parquetLimits.answerSeconds * 1000);
      });
    } finally {
      clearTimeout(timer);
      this.#receive = undefined;
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: ParquetAnswer): void {
    if (this.#receive === undefined) this.#answers.push(answer);
    else this.#receive(answer);
  }
}
