// POST /experiments/estimate.
import { submissionSchema } from '../../experiment/submission.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { estimateSubmission } from '../experiment/estimate-submission.ts';
import { withMetricsOfTask } from '../experiment/task-metric-problem.ts';
import { answer, problems } from '../schemas/answer.ts';
import { estimateSchema, type EstimateBody } from '../schemas/estimate.ts';

/**
 * @throws CodedError, in the handler: what a submission is refused with, also for what is known only once its rows are
 * looked at.
 */
export function estimateRoutes(app: App, context: RouteContext): void {
  app.post(
    '/experiments/estimate',
    {
      schema: {
        operationId: 'estimateExperiment',
        summary: 'Estimate what an experiment would take',
        description:
          'Takes what a submission is, refuses what a submission is refused for, and stores nothing. Texts are sampled. ' +
          'Time is told from what workers have trained before.',
        tags: ['Experiments'],
        body: submissionSchema,
        response: { 200: answer('The estimate.', estimateSchema), ...problems },
      },
      attachValidation: true,
    },
    async (request): Promise<EstimateBody> => {
      if (request.validationError) throw withMetricsOfTask(request.validationError, request.body);
      return estimateSubmission(context, request.body);
    },
  );
}
