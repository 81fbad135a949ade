// DELETE of what a user brought or submitted. What it has stored is collected later, unless something else refers to it.
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { idParameter, problems } from '../schemas/answer.ts';

const response = { 204: { description: 'It is gone.', type: 'null' }, ...problems };

/**
 * @throws CodedError, in the handlers: `not_found`; `in_use` while an experiment that has not ended needs it;
 * `transition_not_allowed` for an experiment that has not ended.
 */
export function deletionRoutes(app: App, { repositories }: RouteContext): void {
  const { experiments, datasets, models } = repositories;
  const resources = [
    {
      url: '/experiments/:id',
      operationId: 'deleteExperiment',
      summary: 'Delete an experiment that has ended, with its checkpoints and results',
      tags: ['Experiments'],
      remove: (experimentId: string) => experiments.delete({ projectId: defaultProject, experimentId }),
    },
    {
      url: '/datasets/:id',
      operationId: 'deleteDataset',
      summary: 'Delete a dataset; experiments that have ended keep their snapshot of it',
      tags: ['Datasets'],
      remove: (id: string) => datasets.delete(defaultProject, id),
    },
    {
      url: '/models/:id',
      operationId: 'deleteModel',
      summary: 'Delete a model; experiments that have ended keep what they made of it',
      tags: ['Models'],
      remove: (id: string) => models.delete(defaultProject, id),
    },
  ];
  for (const { url, remove, ...description } of resources)
    app.delete(url, { schema: { ...description, params: idParameter, response } }, async (request, reply) => {
      await remove(request.params.id);
      return reply.code(204).send(null);
    });
}
