// GET /experiments/{id}/metrics.
import { metricNames } from '../../database/metric-repository.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { forkedFrom } from '../experiment/experiment-view.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import * as schemas from '../schemas/result.ts';
import { trainingPhases } from '../experiment/training-phases.ts';

/** @throws CodedError, in the handler: `not_found`. */
export function metricRoutes(app: App, { repositories }: RouteContext): void {
  const { experiments, metrics } = repositories;
  app.get(
    '/experiments/:id/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Curves over the steps, thinned to maxPoints',
        tags: ['Results'],
        params: idParameter,
        querystring: schemas.metricsQuery,
        response: { 200: answer('One item a metric.', schemas.metricsPage), ...problems },
      },
    },
    async (request) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      const experiment = await experiments.require(reference);
      const phases = trainingPhases(experiment);
      const branch = forkedFrom(experiment);
      const { name, ...range } = request.query;
      const curve = async (curveName: string) => {
        const ofSteps = metricNames.find((candidate) => candidate === curveName);
        const points =
          ofSteps === undefined
            ? await metrics.evaluationPoints(
                reference,
                curveName.slice(schemas.evaluationCurvePrefix.length),
                range,
              )
            : await metrics.points(reference, ofSteps, range);
        return { name: curveName, ...(phases && { phases }), ...(branch && { forkedFrom: branch }), points };
      };
      const evaluated = name === undefined ? await metrics.evaluationNames(reference) : [];
      const prefixed = evaluated.map((metric) => `${schemas.evaluationCurvePrefix}${metric}`);
      const items = await Promise.all(
        (name === undefined ? [...metricNames, ...prefixed] : [name]).map(curve),
      );
      return { items, nextCursor: null };
    },
  );
}
