// POST /experiments/{id}/predictions. The API runs no model: a worker does.
import type { Static } from 'typebox';
import { CodedError, type FieldProblem } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { requirePredictionSize, type PredictionTexts } from '../../experiment/prediction.ts';
import type { DatasetSpec } from '../../experiment/spec.ts';
import { resultCheckpoint } from '../../storage/result-checkpoint.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import { predictionAnswerSchema, predictionRequestSchema } from '../schemas/prediction.ts';
import { untilClosed } from '../protocol/until-closed.ts';

/** What an experiment was trained on decides what it predicts from. */
type TrainedColumns = Pick<DatasetSpec, 'task' | 'textPairField'>;

/**
 * @throws CodedError, in the handler: `not_found`, `no_checkpoint`; `invalid_request` for texts where pairs are needed or
 * the reverse; `payload_too_large`; `temporal_unavailable`, `prediction_unavailable`.
 */
export function predictionRoutes(
  app: App,
  { repositories, checkpoints, temporal, closing }: RouteContext,
): void {
  app.post(
    '/experiments/:id/predictions',
    {
      schema: {
        operationId: 'predict',
        summary: 'Predict with the trained model: of a running experiment, that of its latest checkpoint',
        description:
          'Texts are cut as in training. Request and answer may have 1 MiB each: 413. Where no worker answers within 60 s: 503.',
        tags: ['Results'],
        params: idParameter,
        body: predictionRequestSchema,
        response: { 200: answer('What the model says of each.', predictionAnswerSchema), ...problems },
      },
      attachValidation: true,
    },
    async (request, reply) => {
      const reference = { projectId: defaultProject, experimentId: request.params.id };
      const record = await repositories.experiments.require(reference);
      if (request.validationError) throw withExample(request.validationError, record.spec.dataset);
      const texts = textsOf(request.body, record.spec.dataset);
      await resultCheckpoint(repositories.checkpoints, checkpoints, record);
      const input = { ...reference, ...texts };
      requirePredictionSize('request', input);
      const signal = untilClosed(reply.raw, closing);
      return { items: [...(await temporal.predict(input, signal))] };
    },
  );
}

function textsOf(
  { texts, pairs }: Static<typeof predictionRequestSchema>,
  dataset: TrainedColumns,
): PredictionTexts {
  const takesPairs = dataset.textPairField !== null;
  if (takesPairs && pairs !== undefined && texts === undefined)
    return { pairs: pairs.map(([first = '', second = '']) => [first, second]) };
  if (!takesPairs && texts !== undefined && pairs === undefined) return { texts };
  const [needed, other] = takesPairs ? ['pairs', 'texts'] : ['texts', 'pairs'];
  const wrong: FieldProblem[] = [];
  if ((takesPairs ? pairs : texts) === undefined) wrong.push({ path: `/${needed}`, message: 'is required' });
  if ((takesPairs ? texts : pairs) !== undefined)
    wrong.push({ path: `/${other}`, message: `is not allowed: the experiment was trained on ${needed}` });
  throw new CodedError('invalid_request', exampleFor(dataset), { problems: wrong });
}

/** Which field is wrong is told by its path; what this experiment takes instead is known only here. */
function withExample(error: Error, dataset: TrainedColumns): Error {
  if (!(error instanceof CodedError)) return error;
  return new CodedError(error.code, exampleFor(dataset), { problems: error.problems, cause: error });
}

function exampleFor({ task, textPairField }: TrainedColumns): string {
  if (textPairField !== null)
    return 'This experiment takes pairs: { "pairs": [["a text", "its second text"]] }.';
  if (task !== 'tokenClassification')
    return 'This experiment takes texts: { "texts": ["a text", "another text"] }.';
  return (
    'This experiment takes texts, each one string that is split into words at its spaces: ' +
    '{ "texts": ["Ada lives in Paris"] }. Words that have spaces inside are sent as the JSON text of a list: ' +
    '{ "texts": ["[\\"Ada\\",\\"New York\\"]"] }.'
  );
}
