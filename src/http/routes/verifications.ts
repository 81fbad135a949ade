// POST /experiments/{id}/verify, and what came of it, one by one and as a list.
import type { VerificationRecord } from '../../database/verification-repository.ts';
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import { headersOf } from '../schemas/header.ts';
import {
  verificationParameters,
  verificationSchema,
  verificationsPage,
  verificationsQuery,
  verifySchema,
  type VerificationBody,
} from '../schemas/verification.ts';

/**
 * @throws CodedError, in the handlers: `not_found`; `invalid_request` for a span that ends before it begins; `step_not_trained`;
 * `too_many_verifications`; `no_checkpoint`; `invalid_request` for a cursor that no page gave.
 */
export function verificationRoutes(app: App, context: RouteContext): void {
  routeToVerify(app, context);
  routesToRead(app, context);
}

function routeToVerify(app: App, { repositories }: RouteContext): void {
  const { experiments, verifications } = repositories;
  app.post(
    '/experiments/:id/verify',
    {
      schema: {
        operationId: 'verifyExperiment',
        summary: 'Compute steps again and hold them against the ledger',
        description:
          'From the checkpoint before the span, or from the start where none is kept, on a training worker. The whole snapshot, ' +
          'the ledger’s running hash at each checkpoint, and each checkpoint within the span are checked too.',
        tags: ['Results'],
        params: idParameter,
        body: verifySchema,
        response: {
          202: { ...answer('Asked for.', verificationSchema), ...headersOf('location') },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { fromStep, toStep } = request.body;
      if (fromStep > toStep)
        throw new CodedError('invalid_request', 'The span ends before it begins.', {
          problems: [{ path: '/fromStep', message: 'must be at most toStep' }],
        });
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      const { latestCheckpoint } = await experiments.require(reference);
      if (latestCheckpoint === null)
        throw new CodedError('no_checkpoint', 'The experiment has no checkpoint to verify from.');
      const created = await verifications.create(reference, { fromStep, toStep });
      reply.header('location', `/experiments/${request.params.id}/verifications/${created.id}`);
      return reply.code(202).send(bodyOf(created));
    },
  );
}

function routesToRead(app: App, { repositories }: RouteContext): void {
  const { experiments, verifications } = repositories;
  app.get(
    '/experiments/:id/verifications',
    {
      schema: {
        operationId: 'listVerifications',
        summary: 'List verifications, newest first',
        tags: ['Results'],
        params: idParameter,
        querystring: verificationsQuery,
        response: { 200: answer('A page of verifications.', verificationsPage), ...problems },
      },
    },
    async (request) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      await experiments.require(reference);
      const { items, nextCursor } = await verifications.list(reference, request.query);
      return { items: items.map(bodyOf), nextCursor };
    },
  );

  app.get(
    '/experiments/:id/verifications/:verificationId',
    {
      schema: {
        operationId: 'getVerification',
        summary: 'What a verification found',
        tags: ['Results'],
        params: verificationParameters,
        response: { 200: answer('The verification.', verificationSchema), ...problems },
      },
    },
    async (request) => {
      const { id: experimentId, verificationId } = request.params;
      const reference = { projectId: defaultProject, experimentId };
      await experiments.require(reference);
      return bodyOf(await verifications.require({ ...reference, verificationId }));
    },
  );
}

function bodyOf({ createdAt, startedAt, finishedAt, ...record }: VerificationRecord): VerificationBody {
  return {
    ...record,
    createdAt: createdAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
