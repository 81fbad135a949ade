// The entry of the thread that prepares runs of steps while the session computes the ones before.
import { parentPort, workerData } from 'node:worker_threads';
import { openExamples } from '../example-source.ts';
import type { StepPlan } from '../step-inputs.ts';
import { StepPlanner } from '../step-planner.ts';
import { takeRun } from './run-length.ts';
import type { PreparedMessage, PreparerTask, RunRequest } from './step-preparer.ts';
import { failureOf } from './thread-failure.ts';

// The one who starts this thread passes nothing else.
const { job, graph } = workerData as PreparerTask;
const table = openExamples(job.examples);
const planner = new StepPlanner(job, table, graph);

function prepare({ first, end, seconds, pace }: RunRequest): PreparedMessage {
  let planned = first - job.firstStep;
  const next = (): StepPlan | undefined =>
    planned < end - job.firstStep ? planner.plan(planned++) : undefined;
  const maskBytesOf = (plan: StepPlan): number => planner.maskBytesOf(plan);
  const plans = takeRun(next, pace, { steps: end - first, seconds, maskBytesOf });
  return { kind: 'prepared', run: planner.prepare(plans) };
}

parentPort?.on('message', (request: RunRequest | 'end') => {
  if (request === 'end') {
    table.close();
    parentPort?.close();
    return;
  }
  try {
    const message = prepare(request);
    const buffers = message.kind === 'prepared' ? Object.values(message.run.inputs) : [];
    parentPort?.postMessage(
      message,
      buffers.map(({ data }) => data.buffer as ArrayBuffer),
    );
  } catch (error) {
    parentPort?.postMessage({ kind: 'failed', ...failureOf(error) } satisfies PreparedMessage);
  }
});
