// POST /experiments/{id}/audit. The API holds no workflow code: the coordinator worker replays.
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import { auditSchema } from '../schemas/audit.ts';
import { untilClosed } from '../protocol/until-closed.ts';

/**
 * @throws CodedError, in the handler: `not_found`; `not_ready` where nothing is recorded yet; `temporal_unavailable`,
 * `audit_unavailable`; `blob_missing`, `blob_corrupt`.
 */
export function auditRoutes(app: App, { repositories, temporal, closing }: RouteContext): void {
  app.post(
    '/experiments/:id/audit',
    {
      schema: {
        operationId: 'auditExperiment',
        summary: 'Replay the recorded history of the experiment against today’s workflow code',
        description:
          'Of an experiment that has ended, the history stored at its end; before, what is recorded up to now. The ' +
          'coordinator and all its training and evaluation workflows. Where no worker answers within 60 s: 503.',
        tags: ['Results'],
        params: idParameter,
        response: { 200: answer('What the replay found.', auditSchema), ...problems },
      },
    },
    async (request, reply) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      await repositories.experiments.require(reference);
      const signal = untilClosed(reply.raw, closing);
      const { workflows, ...audit } = await temporal.audit(reference, signal);
      return { ...audit, workflows: [...workflows] };
    },
  );
}
