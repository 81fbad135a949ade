// GET /experiments/{id}/attempts.
import type { AttemptRecord } from '../../database/attempt-repository.ts';
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { decodePosition, encodePosition } from '../protocol/position-cursor.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import * as schemas from '../schemas/result.ts';
import { phaseOfAttempt } from '../experiment/training-phases.ts';

/** @throws CodedError, in the handler: `not_found`; `invalid_request` for a cursor that no page gave. */
export function attemptRoutes(app: App, { repositories }: RouteContext): void {
  const { experiments, attempts } = repositories;
  app.get(
    '/experiments/:id/attempts',
    {
      schema: {
        operationId: 'listAttempts',
        summary: 'List the attempts at training, oldest first',
        tags: ['Results'],
        params: idParameter,
        querystring: schemas.attemptsQuery,
        response: { 200: answer('A page of attempts.', schemas.attemptsPage), ...problems },
      },
    },
    async (request) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      const experiment = await experiments.require(reference);
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? {} : { afterLease: decodePosition(cursor) };
      const found = await attempts.listAttempts(reference, { limit: limit + 1, ...after });
      const items = found.slice(0, limit);
      return {
        items: items.map((attempt) => attemptBody(experiment, attempt)),
        nextCursor: found.length > limit ? encodePosition(items.at(-1)?.lease ?? 0) : null,
      };
    },
  );
}

function attemptBody(experiment: ExperimentRecord, attempt: AttemptRecord) {
  return {
    lease: attempt.lease,
    phase: phaseOfAttempt(experiment, attempt.startStep),
    startedAt: attempt.startedAt.toISOString(),
    endedAt: attempt.endedAt?.toISOString() ?? null,
    cause: attempt.cause,
    message: attempt.message,
    startStep: attempt.startStep,
    stepsDone: attempt.stepsDone,
    stepsRepeated: attempt.stepsRepeated,
    refusedAt: attempt.refusedAt?.toISOString() ?? null,
    host: attempt.host,
    provider: attempt.provider,
    threads: attempt.threads,
    segment: attempt.segment,
    profile: attempt.profile,
  };
}
