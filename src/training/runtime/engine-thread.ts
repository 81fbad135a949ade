// The entry of the engine's thread. A session blocks its thread while it runs; here it blocks nobody else.
import { parentPort, workerData } from 'node:worker_threads';
import { CodedError, codedIfOutOfMemory, messageOf } from '../../error.ts';
import { runEvaluation } from './evaluation-loop.ts';
import type { EngineMessage, EngineTask, Send } from './thread-protocol.ts';
import { runTraining } from './training-loop.ts';

const send: Send = (message: EngineMessage, transfer = []) => parentPort?.postMessage(message, [...transfer]);

/** The message of an error and of what caused it. */
function explain(error: unknown): string {
  if (!(error instanceof Error) || error.cause === undefined) return messageOf(error);
  return `${error.message} ${explain(error.cause)}`;
}

// The one who starts this thread passes nothing else.
const task = workerData as EngineTask;
try {
  if (task.kind === 'training') await runTraining(task.job, task.signals, send);
  else await runEvaluation(task.task, task.signals, send);
} catch (thrown) {
  const error = codedIfOutOfMemory(thrown);
  // The thread's end would tell the other side less than this message does.
  const code = error instanceof CodedError ? error.code : 'engine_failed';
  const message = code === 'out_of_memory' ? messageOf(error) : explain(error);
  send({ kind: 'failed', code, message });
}
