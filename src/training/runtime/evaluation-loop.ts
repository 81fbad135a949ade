// An evaluation inside the engine's thread, by the training's own forward pass.
import { checkExamples } from '../batch.ts';
import { openExamples } from '../example-source.ts';
import type { NamedTensor } from '../job.ts';
import { gatherSlot } from '../state-slots.ts';
import { EvaluationRunner, type SlotValues } from './evaluation-runner.ts';
import { isAbandoned, type EvaluationTask, type Send, type Signals } from './thread-protocol.ts';

function slotValues({ layout }: EvaluationRunner, tensors: readonly NamedTensor[]): SlotValues {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return Object.fromEntries(
    [...layout.trained, ...layout.frozen].map((slot) => [
      slot.name,
      { type: 'float32', shape: slot.shape, data: gatherSlot(slot, byName) },
    ]),
  );
}

/** Computes the logits of every example and sends them, with progress on the way. An abandoned evaluation just ends. */
export async function runEvaluation(task: EvaluationTask, signals: Signals, send: Send): Promise<void> {
  const table = openExamples(task.examples);
  checkExamples(table, task.config);
  const runner = await EvaluationRunner.open(task, task);
  try {
    const values = slotValues(runner, task.parameters);
    const logits = await runner.logits(table, values, task.batchSize, (done) => {
      send({ kind: 'progress', done, total: table.count });
      return !isAbandoned(signals);
    });
    if (!isAbandoned(signals)) send({ kind: 'evaluated', logits }, [logits.buffer as ArrayBuffer]);
  } finally {
    table.close();
    await runner.close();
  }
}
