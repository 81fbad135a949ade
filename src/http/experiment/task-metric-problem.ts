// A wrong metric in a submission: the schema knows the metrics of every task, its reader needs those of one.
import { CodedError } from '../../error.ts';
import { taskMetrics } from '../../experiment/metric-names.ts';
import type { DatasetTask } from '../../experiment/spec.ts';

const metricPath = '/training/earlyStopping/metric';

/** What `auto` may turn out to be. */
const automaticTasks: readonly DatasetTask[] = ['classification', 'regression'];

/** The error that a submission is refused with, where it names the metrics of every task, with those of its own task alone. */
export function withMetricsOfTask(error: Error, body: unknown): Error {
  if (!(error instanceof CodedError) || !error.problems.some(({ path }) => path === metricPath)) return error;
  const message = `must be a metric of the task. ${tasksOf(body).map(metricsOf).join('; ')}`;
  return new CodedError(error.code, error.message, {
    problems: error.problems.map((problem) =>
      problem.path === metricPath ? { path: metricPath, message } : problem,
    ),
    cause: error,
  });
}

function metricsOf(task: DatasetTask): string {
  return `Of ${task}: ${Object.keys(taskMetrics[task]).join(', ')}`;
}

function tasksOf(body: unknown): readonly DatasetTask[] {
  const asked = memberOf(memberOf(body, 'dataset'), 'task');
  const known = (Object.keys(taskMetrics) as DatasetTask[]).filter((task) => task === asked);
  return known.length > 0 ? known : automaticTasks;
}

/** The body was refused: nothing of it is known to have its form. */
function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
