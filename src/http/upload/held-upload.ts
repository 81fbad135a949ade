// An upload whose last byte is held back: nothing is published until what came along with it is known to be good, and a
// refused upload leaves nothing behind.
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { CodedError } from '../../error.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { BlobRef } from '../../experiment/blob.ts';
import type { ByteBudget } from './byte-budget.ts';

/** An upload on its way into the store, which appears there only when it is published. */
export class HeldUpload {
  readonly #held: HeldStream;
  readonly #stored: Promise<BlobRef>;

  /**
   * @param budget what each chunk takes its bytes from; the upload fails with `payload_too_large` when it is spent.
   * @param look sees each chunk on its way.
   */
  constructor(
    blobs: BlobStore,
    body: Readable,
    { budget, look }: { readonly budget: ByteBudget; readonly look?: (chunk: Buffer) => void },
  ) {
    this.#held = new HeldStream(budget, look);
    // Its faults come out of what is stored.
    this.#held.on('error', () => undefined);
    endWith(body, this.#held);
    this.#stored = blobs.putStream(body.pipe(this.#held));
    // Whoever waits for the upload learns of its fault; until then it is not an unhandled one.
    this.#stored.catch(() => undefined);
  }

  /** Resolves with the size when every byte has arrived. @throws whatever broke the upload. */
  async arrived(): Promise<number> {
    await Promise.race([this.#held.complete, this.#stored]);
    return this.#held.sizeBytes;
  }

  /** Publishes the content. */
  async publish(): Promise<BlobRef> {
    this.#held.release();
    return this.#stored;
  }

  /** Gives the upload up; resolves when nothing of it is left. */
  async abandon(reason: Error): Promise<void> {
    this.#held.destroy(reason);
    // The reason itself comes back: it is known already.
    await this.#stored.catch(() => undefined);
  }
}

/**
 * Breaks a stream when the one that is piped into it breaks or ends before its end: a pipe tells it neither. The source
 * may have broken already.
 */
export function endWith(source: Readable, target: Transform): void {
  const fail = (): void => {
    if (source.readableEnded) return;
    target.destroy(
      new CodedError('invalid_request', 'The body ended before its end.', { cause: source.errored }),
    );
  };
  if (source.destroyed) fail();
  else source.once('error', fail).once('close', fail);
}

class HeldStream extends Transform {
  readonly complete: Promise<void>;
  sizeBytes = 0;
  readonly #budget: ByteBudget;
  readonly #look: ((chunk: Buffer) => void) | undefined;
  #complete: () => void = () => undefined;
  #finish: TransformCallback | undefined;
  #released = false;

  constructor(budget: ByteBudget, look: ((chunk: Buffer) => void) | undefined) {
    super();
    this.#budget = budget;
    this.#look = look;
    this.complete = new Promise((resolve) => {
      this.#complete = resolve;
    });
  }

  release(): void {
    this.#released = true;
    this.#finish?.();
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    // Here, before the end can be reached: a size that is noticed further on may be noticed after everything has arrived.
    try {
      this.#budget.take(chunk.length);
    } catch (error) {
      done(error instanceof Error ? error : new Error('refused', { cause: error }));
      return;
    }
    this.sizeBytes += chunk.length;
    this.#look?.(chunk);
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (this.#released) done();
    else this.#finish = done;
    this.#complete();
  }
}
