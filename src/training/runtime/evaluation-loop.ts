// An evaluation inside the engine's thread: batches of like length, results in the order of the rows.
import { exampleCount } from '../../text/encoded-examples.ts';
import { checkExamples, collectBatch, lengthOf } from '../batch.ts';
import { buildEvaluationGraph, evaluationInput, type EvaluationGraph } from '../evaluation-graph.ts';
import type { InputValue } from '../step-inputs.ts';
import { openSession, type OpenSession } from './session.ts';
import { isAbandoned, type EvaluationTask, type Send, type Signals } from './thread-protocol.ts';

/** Rows from the longest to the shortest, so that memory is at its peak at once; equal lengths keep their order. */
function rowsByLength({ examples }: EvaluationTask): Int32Array {
  const rows = Array.from({ length: exampleCount(examples) }, (_, row) => row);
  return Int32Array.from(rows.sort((a, b) => lengthOf(examples, b) - lengthOf(examples, a) || a - b));
}

function parameterInputs({ parameters }: EvaluationTask): Record<string, InputValue> {
  return Object.fromEntries(
    parameters.map(({ name, shape, data }) => [name, { type: 'float32', shape, data } satisfies InputValue]),
  );
}

async function evaluateRows(
  task: EvaluationTask,
  graph: EvaluationGraph,
  session: OpenSession,
  indices: Int32Array,
): Promise<{ logits: Float32Array; losses: Float32Array }> {
  const batch = collectBatch(task.examples, task.labels, indices);
  const shape = [batch.size, batch.length];
  const outputs = await session.run({
    ...parameterInputs(task),
    [evaluationInput.tokenIds]: { type: 'int32', shape, data: batch.tokenIds },
    [evaluationInput.tokenTypes]: { type: 'int32', shape, data: batch.tokenTypes },
    [evaluationInput.positions]: {
      type: 'int32',
      shape: [batch.length],
      data: Int32Array.from({ length: batch.length }, (_, position) => position),
    },
    [evaluationInput.keyBias]: {
      type: 'float32',
      shape: [batch.size, 1, 1, batch.length],
      data: batch.keyBias,
    },
    [evaluationInput.labels]: { type: 'int32', shape: [batch.size], data: batch.labels },
  });
  const logits = outputs[graph.logits];
  const losses = outputs[graph.losses];
  if (logits === undefined || losses === undefined) throw new Error('The session gave no logits or losses.');
  return { logits, losses };
}

/** Computes logits and losses of every row and sends them, with progress on the way. An abandoned evaluation just ends. */
export async function runEvaluation(task: EvaluationTask, signals: Signals, send: Send): Promise<void> {
  checkExamples(task.examples, task.config);
  const graph = buildEvaluationGraph(task.config, task.labelCount);
  const session = await openSession(graph.model, task.provider, task.threads);
  const rows = rowsByLength(task);
  const logits = new Float32Array(rows.length * task.labelCount);
  const losses = new Float32Array(rows.length);
  try {
    for (let start = 0; start < rows.length && !isAbandoned(signals); start += task.batchSize) {
      const indices = rows.subarray(start, start + task.batchSize);
      const result = await evaluateRows(task, graph, session, indices);
      indices.forEach((row, place) => {
        const from = place * task.labelCount;
        logits.set(result.logits.subarray(from, from + task.labelCount), row * task.labelCount);
        losses.set(result.losses.subarray(place, place + 1), row);
      });
      send({ kind: 'progress', done: start + indices.length, total: rows.length });
    }
  } finally {
    await session.close();
  }
  send({ kind: 'evaluated', logits, losses }, [logits.buffer, losses.buffer]);
}
