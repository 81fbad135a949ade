// What a user can ask of an experiment: to pause, to go on, to end.
import { defaultProject } from '../../experiment/id.ts';
import type { RequestedAction } from '../../experiment/state.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { experimentBody } from '../experiment/experiment-view.ts';
import { readLastFailure } from '../experiment/last-failure.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import { experimentReference as experiment } from '../schemas/experiment.ts';

const actions: Readonly<
  Record<
    RequestedAction,
    { readonly operationId: string; readonly summary: string; readonly description: string }
  >
> = {
  pause: {
    operationId: 'pauseExperiment',
    summary: 'Ask for a pause of the training',
    description:
      'Training stops with a checkpoint after the steps that are being computed, and its worker is free. Asked for before ' +
      'training, it takes effect before the first step. It can be resumed at any later time.',
  },
  resume: {
    operationId: 'resumeExperiment',
    summary: 'Go on after a pause',
    description: 'Training goes on from its last step. A pause that has not taken effect yet ends at once.',
  },
  cancel: {
    operationId: 'cancelExperiment',
    summary: 'Ask for the end of an experiment',
    description: 'Training keeps its last steps in a checkpoint, whose model can be downloaded.',
  },
};

/** @throws CodedError, in the handlers: `not_found`; `transition_not_allowed` in a state that the action is impossible in. */
export function actionRoutes(app: App, context: RouteContext): void {
  const { experiments, requests } = context.repositories;
  for (const action of ['cancel', 'pause', 'resume'] as const)
    app.post(
      `/experiments/:id/${action}`,
      {
        schema: {
          ...actions[action],
          tags: ['Experiments'],
          params: idParameter,
          response: {
            200: answer('It was asked for before, or is so.', experiment),
            202: answer('Asked for.', experiment),
            ...problems,
          },
        },
      },
      async (request, reply) => {
        const reference = { projectId: defaultProject, experimentId: request.params.id };
        const outcome = await requests.request(reference, action);
        const record = await experiments.require(reference);
        const failure = await readLastFailure(context, record);
        return reply.code(outcome === 'requested' ? 202 : 200).send(experimentBody(record, failure));
      },
    );
}
