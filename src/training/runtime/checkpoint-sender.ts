// Decides when a checkpoint is due and hands states over to the main thread without letting them pile up.
import type { CheckpointReason, NamedTensor, TrainingJob, TrainingState } from '../job.ts';
import { isAbandoned, signal, type Send, type Signals } from './thread-protocol.ts';

/** Milliseconds between looks for an abandoned run while waiting for a checkpoint to be taken. */
const abandonCheckMilliseconds = 100;

/** Checkpoints told and not yet taken at most; then the thread waits, so that memory stays bounded. */
const mostWaitingCheckpoints = 2;

/** The checkpoints of one training, on the engine's side. */
export class CheckpointSender {
  readonly #send: Send;
  readonly #signals: Signals;
  #told = 0;
  #lastSeconds = performance.now() / 1000;

  constructor(send: Send, signals: Signals) {
    this.#send = send;
    this.#signals = signals;
  }

  /**
   * Whether a checkpoint is due after a step: by its number, or by the time since the last one. Of two ends of runs it is made at
   * the one that is nearer to its time.
   * @param runSeconds how long until the next end of a run, about.
   */
  isDueAt(
    step: number,
    { everySteps, everySeconds }: TrainingJob['checkpoint'],
    runSeconds: number,
  ): boolean {
    const passedSeconds = performance.now() / 1000 - this.#lastSeconds;
    return step % everySteps === 0 || passedSeconds + runSeconds / 2 >= everySeconds;
  }

  /** Tells a checkpoint: a copy of the state, or the state itself when nothing uses it any more. */
  tell(readState: () => TrainingState, reason: CheckpointReason): void {
    const started = performance.now();
    this.#waitForRoom();
    const state = readState();
    const isLast = reason === 'finished' || reason === 'stopped';
    const transfer: ArrayBuffer[] = [];
    const handOver = (tensors: readonly NamedTensor[]): NamedTensor[] =>
      tensors.map(({ name, shape, data }) => {
        const own =
          isLast && data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
        const handed = own ? data : Float32Array.from(data);
        if (handed.buffer instanceof ArrayBuffer) transfer.push(handed.buffer);
        return { name, shape, data: handed };
      });
    const handed = {
      step: state.step,
      unusedWords: state.unusedWords,
      evaluations: state.evaluations,
      parameters: handOver(state.parameters),
      firstMoments: handOver(state.firstMoments),
      secondMoments: handOver(state.secondMoments),
    };
    const now = performance.now();
    this.#send({ kind: 'checkpoint', state: handed, reason, stallSeconds: (now - started) / 1000 }, transfer);
    this.#told += 1;
    this.#lastSeconds = now / 1000;
  }

  #waitForRoom(): void {
    for (;;) {
      const taken = Atomics.load(this.#signals, signal.checkpointsTaken);
      if (this.#told - taken < mostWaitingCheckpoints || isAbandoned(this.#signals)) return;
      Atomics.wait(this.#signals, signal.checkpointsTaken, taken, abandonCheckMilliseconds);
    }
  }
}
