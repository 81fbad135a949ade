// The entry of the engine's thread. A session blocks its thread while it runs; here it blocks nobody else.
import { parentPort, workerData } from 'node:worker_threads';
import { runEvaluation } from './evaluation-loop.ts';
import { failureOf } from './thread-failure.ts';
import type { EngineMessage, EngineTask, Send } from './thread-protocol.ts';
import { runTraining } from './training-loop.ts';

const send: Send = (message: EngineMessage, transfer = []) => parentPort?.postMessage(message, [...transfer]);

// The one who starts this thread passes nothing else.
const task = workerData as EngineTask;
try {
  if (task.kind === 'training') await runTraining(task.job, task.signals, send);
  else await runEvaluation(task.task, task.signals, send);
} catch (error) {
  // The thread's end would tell the other side less than this message does.
  send({ kind: 'failed', ...failureOf(error) });
}
