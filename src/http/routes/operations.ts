// How the service itself is: alive, ready, and who works on its queues.
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { CodedError } from '../../error.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { sendProblem } from '../protocol/problem.ts';
import { answer, problems } from '../schemas/answer.ts';
import { aliveSchema, queuesPage, readinessSchema } from '../schemas/operation.ts';

const tags = ['Operation'];
/** A dependency that has not answered by then counts as away. */
const checkSeconds = 3;

/** Liveness, readiness and the queues. @throws CodedError, in the handler of the queues: `temporal_unavailable`. */
export function operationRoutes(app: App, context: RouteContext): void {
  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Whether the process answers',
        tags,
        response: { 200: answer('It does.', aliveSchema), ...problems },
      },
    },
    () => ({ status: 'alive' }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Whether work is accepted, with the state of each dependency',
        description:
          'Without Temporal work is still accepted: the status is degraded then, and the answer 200. It is degraded too ' +
          'while a coordinator worker does not poll because its code would break running workflows.',
        tags,
        response: { 200: answer('It is.', readinessSchema), ...problems },
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const { repositories, store, temporal } = context;
      const checks = { database: repositories.database, storage: store, temporal };
      const states = await Promise.all(
        Object.entries(checks).map(async ([name, part]) => [name, { state: await stateOf(part) }] as const),
      );
      const dependencies: Readonly<Record<string, { readonly state: 'up' | 'down' } | undefined>> =
        Object.fromEntries(states);
      const isDown = (name: keyof typeof checks): boolean => dependencies[name]?.state === 'down';
      const missing = isDown('database')
        ? 'database_unavailable'
        : isDown('storage')
          ? 'storage_unavailable'
          : null;
      if (missing)
        return sendProblem(new CodedError(missing, 'The service cannot accept work.'), request, reply, {
          dependencies,
        });
      const refusals = await inTime(refusalsOf(repositories.workerRefusals), null);
      const isDegraded = isDown('temporal') || refusals?.length !== 0;
      return reply.send({
        status: isDegraded ? 'degraded' : 'ready',
        dependencies,
        refusals: refusals ?? [],
      });
    },
  );

  queueRoute(app, context);
}

function queueRoute(app: App, context: RouteContext): void {
  app.get(
    '/queues',
    {
      schema: {
        operationId: 'listQueues',
        summary: 'Each task queue with its backlog and workers',
        tags,
        response: { 200: answer('All queues.', queuesPage), ...problems },
      },
    },
    async () => {
      const queues = await context.temporal.queues();
      const items = queues.map(({ name, backlog, workers }) => ({
        name,
        backlog,
        workers: workers.map(({ lastSeenAt, ...worker }) => ({
          ...worker,
          lastSeenAt: lastSeenAt.toISOString(),
        })),
      }));
      return { items, nextCursor: null };
    },
  );
}

/** One item a worker and workflow. */
async function refusalsOf(workerRefusals: RouteContext['repositories']['workerRefusals']) {
  const refusals = await workerRefusals.current();
  return refusals.flatMap(({ workerId, workflows, lastSeenAt }) =>
    workflows.map((workflow) => ({ worker: workerId, ...workflow, lastSeenAt: lastSeenAt.toISOString() })),
  );
}

async function stateOf(part: { check(): Promise<void> }): Promise<'up' | 'down'> {
  const up = part.check().then(
    () => 'up' as const,
    // Why a dependency is away is in its own log; here it counts that it is.
    () => 'down' as const,
  );
  return inTime(up, 'down');
}

/** What comes of a check, or `late` when it takes longer than one may. */
async function inTime<T, Late>(check: Promise<T>, late: Late): Promise<T | Late> {
  const timer = new AbortController();
  const end = delay(checkSeconds * 1000, late, { signal: timer.signal }).catch(() => late);
  try {
    return await Promise.race([check, end]);
  } finally {
    timer.abort();
  }
}
