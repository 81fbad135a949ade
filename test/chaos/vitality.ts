// Whether a part of the stack does its work, asked of whom it works for.
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { Client as PostgresClient } from 'pg';
import { taskQueues } from '../../src/experiment/name.ts';
import { variables } from '../../src/config.ts';
import type { DisturbedStack } from './disturbed-stack.ts';
import type { ProcessTarget } from './schedule.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const callTimeoutSeconds = 3;
const queueOf = {
  'training-worker': taskQueues.training,
  'second-training-worker': taskQueues.training,
  'coordinator-worker': taskQueues.coordinator,
  'evaluation-worker': taskQueues.evaluation,
} as const;

export class Vitality {
  readonly #stack: DisturbedStack;

  constructor(stack: DisturbedStack) {
    this.#stack = stack;
  }

  /** Whether a target answers; a worker: whether its present process polls its queue. */
  async works(target: ProcessTarget): Promise<boolean> {
    try {
      if (target === 'api') return (await this.#stack.client.api.GET('/healthz')).response.ok;
      if (target === 'postgres') return (await this.#recordedSteps()) !== undefined;
      return await this.#withTemporal(async (connection, namespace) => {
        if (target === 'temporal') {
          await connection.workflowService.describeNamespace({ namespace });
          return true;
        }
        const { pollers } = await connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: queueOf[target] },
          taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        });
        const present = this.#stack.processesOf(target);
        return pollers.some(({ identity }) => present.includes(Number.parseInt(identity ?? '', 10)));
      });
    } catch {
      // Away, or too slow: asked again by the caller.
      return false;
    }
  }

  /** A condition that holds once a step was recorded after now, of any experiment, or nothing is to be trained. */
  async advance(): Promise<() => Promise<boolean>> {
    const before = await this.#recordedSteps().catch(() => undefined);
    return async () => {
      const now = await this.#recordedSteps().catch(() => undefined);
      return now !== undefined && (before === undefined || now.written > before.written || now.open === 0);
    };
  }

  async #recordedSteps(): Promise<{ written: number; open: number } | undefined> {
    const client = new PostgresClient({
      connectionString: this.#stack.variables[variables.databaseUrl],
      connectionTimeoutMillis: callTimeoutSeconds * 1000,
      query_timeout: callTimeoutSeconds * 1000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ written: number; open: number }>(
        `SELECT (SELECT coalesce(sum(steps_done), 0)::int FROM attempt) AS written,
           (SELECT count(*)::int FROM experiment WHERE state IN ('queued', 'preparing', 'training', 'evaluating')) AS open`,
      );
      return rows[0];
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #withTemporal(
    ask: (connection: Connection, namespace: string) => Promise<boolean>,
  ): Promise<boolean> {
    const connection = Connection.lazy({ address: this.#stack.variables[variables.temporalAddress] ?? '' });
    const namespace = this.#stack.variables[variables.temporalNamespace] ?? 'default';
    try {
      const deadline = Date.now() + callTimeoutSeconds * 1000;
      return await connection.withDeadline(deadline, () => ask(connection, namespace));
    } finally {
      await connection.close();
    }
  }
}
