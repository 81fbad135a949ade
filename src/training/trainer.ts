// Trains a model in a thread of its own and tells what happens as a stream of events.
import { EventQueue } from './event-queue.ts';
import type { TrainingEvent, TrainingJob, TrainingRun, TrainingState } from './job.ts';
import { startEngineThread } from './runtime/start-engine-thread.ts';
import { createSignals, signal } from './runtime/thread-protocol.ts';

/**
 * Starts a training run. The job is copied into the thread; what the caller holds stays its own, unless `takesState`: then
 * the arrays of the start move to the thread and are empty afterwards, which spares the memory of a copy.
 *
 * Every step is told once and in order; a checkpoint follows the `steps` event of its step. Two checkpoints wait for the
 * reader at most, then training pauses until one is taken. Leaving the iteration of `events` ends the thread.
 *
 * The iteration throws CodedError `training_diverged` when a loss or gradient is no longer finite, `sequence_too_long` or
 * `model_incompatible` when the model cannot take an example, `out_of_memory` when memory cannot be had,
 * and `engine_failed` when the thread fails otherwise.
 */
export function startTraining(
  job: TrainingJob,
  { takesState = false }: { readonly takesState?: boolean } = {},
): TrainingRun {
  const signals = createSignals();
  const events = new EventQueue<TrainingEvent>(
    (event) => {
      if (event.kind !== 'checkpoint') return;
      Atomics.add(signals, signal.checkpointsTaken, 1);
      Atomics.notify(signals, signal.checkpointsTaken);
    },
    () => thread.end(),
  );
  const thread = startEngineThread(
    { kind: 'training', job, signals },
    {
      message: (message) => {
        if (message.kind === 'progress' || message.kind === 'evaluated') return;
        events.push(message);
        if (message.kind === 'ended') events.close();
      },
      failure: (error) => events.close(error),
    },
    (message) => message.kind === 'ended',
    takesState ? stateBuffers(job.start) : [],
  );
  return {
    events,
    stop: () => void Atomics.store(signals, signal.stop, 1),
    async abandon() {
      await thread.end();
      events.close();
    },
  };
}

/** The buffers of a state that are nothing but one of its tensors. */
function stateBuffers({ parameters, firstMoments, secondMoments }: TrainingState): ArrayBuffer[] {
  const own = [...parameters, ...firstMoments, ...secondMoments].flatMap(
    ({ data: { buffer, byteLength } }) =>
      buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [],
  );
  return [...new Set(own)];
}
