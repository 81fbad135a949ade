// Downloads of trained models.
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CheckpointRecord, ExperimentRecord } from '../../database/experiment-record.ts';
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { parseRange } from '../byte-range.ts';
import { matchesTag } from '../conditional.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { exportModel } from '../export-model.ts';
import { idParameter, oneOf, problems, stream } from '../schemas/answer.ts';
import { greatestStep } from '../schemas/result.ts';

const formatQuery = Type.Object(
  { format: oneOf(['huggingface', 'onnx'], { default: 'huggingface' }) },
  { additionalProperties: false },
);

const response = {
  200: stream(
    'config.json, tokenizer.json and model.safetensors in a tar, the same bytes each time.',
    'application/x-tar',
  ),
  206: stream('The part that Range asked for.', 'application/x-tar'),
  304: { description: 'Not changed.', type: 'null' },
  ...problems,
};

export function modelDownloadRoutes(app: App, context: RouteContext): void {
  const { experiments, checkpoints } = context.repositories;

  app.get(
    '/experiments/:id/model',
    {
      schema: {
        operationId: 'downloadModel',
        summary: 'Download the trained model: of a running experiment, that of its latest checkpoint',
        tags: ['Results'],
        params: idParameter,
        querystring: formatQuery,
        response,
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const record = await experiments.require({
        projectId: defaultProject,
        experimentId: request.params.id,
      });
      refuseOnnx(request.query.format);
      if (!record.latestCheckpoint)
        throw new CodedError('no_checkpoint', `The experiment is ${record.state} and has no checkpoint.`);
      return sendModel(context, record, record.latestCheckpoint, request, reply);
    },
  );

  app.get(
    '/experiments/:id/checkpoints/:step/model',
    {
      schema: {
        operationId: 'downloadCheckpointModel',
        summary: 'Download the model of one checkpoint',
        tags: ['Results'],
        params: Type.Object({ id: Type.String(), step: Type.Integer({ minimum: 0, maximum: greatestStep }) }),
        querystring: formatQuery,
        response,
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const { id, step } = request.params;
      const reference = { projectId: defaultProject, experimentId: id };
      const record = await experiments.require(reference);
      refuseOnnx(request.query.format);
      const checkpoint = await checkpoints.getCheckpoint(reference, step);
      if (!checkpoint) throw new CodedError('not_found', `The experiment has no checkpoint of step ${step}.`);
      return sendModel(context, record, checkpoint, request, reply);
    },
  );
}

function refuseOnnx(format: 'huggingface' | 'onnx'): void {
  if (format === 'onnx')
    throw new CodedError('not_supported', 'The ONNX format is not supported yet: leave format out.', {
      problems: [{ path: '/format', message: 'not supported yet: use huggingface' }],
    });
}

async function sendModel(
  context: RouteContext,
  record: ExperimentRecord,
  checkpoint: CheckpointRecord,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const tag = `"${checkpoint.id}"`;
  const archive = await exportModel(context, {
    experimentId: record.id,
    step: checkpoint.step,
    id: checkpoint.id,
  });
  reply
    .header('etag', tag)
    .header('accept-ranges', 'bytes')
    .header('content-disposition', `attachment; filename="${record.id}-${checkpoint.step}.tar"`);
  if (matchesTag(request.headers['if-none-match'], tag)) return reply.code(304).send(null);
  const ifRange = request.headers['if-range'];
  const asked = ifRange === undefined || ifRange === tag ? request.headers.range : undefined;
  const range = rangeOf(asked, archive.sizeBytes, reply);
  if (range)
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${archive.sizeBytes}`);
  const sizeBytes = range ? range.end - range.start + 1 : archive.sizeBytes;
  reply.type('application/x-tar').header('content-length', sizeBytes);
  // The framework lets the body of an answer to HEAD run to nowhere: an empty one costs nothing.
  return reply.send(request.method === 'HEAD' ? Readable.from([]) : archive.open(range));
}

function rangeOf(header: string | undefined, sizeBytes: number, reply: FastifyReply) {
  try {
    return parseRange(header, sizeBytes);
  } catch (error) {
    reply.header('content-range', `bytes */${sizeBytes}`);
    throw error;
  }
}
