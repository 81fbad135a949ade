// Downloads of trained models.
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import type { CommittedCheckpoint } from '../../experiment/activity.ts';
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { resultCheckpoint } from '../../storage/result-checkpoint.ts';
import { parseRange } from '../protocol/byte-range.ts';
import { matchesTag, sendNotChanged } from '../protocol/conditional.ts';
import type { App, ModelFormat, RouteContext } from '../dependencies.ts';
import { idParameter, oneOf, problems, stream } from '../schemas/answer.ts';
import { headersOf, ifNoneMatch, notChanged, type HeaderName } from '../schemas/header.ts';
import { greatestStep } from '../../experiment/steps.ts';

interface FileKind {
  readonly mediaType: string;
  /** Tells the ETags of one checkpoint's files apart. */
  readonly suffix: string;
  /** Of the name under which it is saved, which has experiment and step so that no two are mixed up. */
  readonly extension: string;
}

const files: Readonly<Record<ModelFormat, FileKind>> = {
  huggingface: {
    mediaType: 'application/x-tar',
    suffix: '',
    extension: '.tar',
  },
  onnx: { mediaType: 'application/octet-stream', suffix: '.onnx', extension: '.onnx' },
};

interface RequestedModel {
  readonly record: ExperimentRecord;
  readonly checkpoint: CommittedCheckpoint;
  readonly format: ModelFormat;
}

const formatQuery = Type.Object(
  {
    format: oneOf(['huggingface', 'onnx'], {
      default: 'huggingface',
      description:
        'huggingface: config.json, tokenizer.json and model.safetensors in a tar. onnx: one file, for inference.',
    }),
  },
  { additionalProperties: false },
);

const response = {
  200: { ...eitherFile('The model, the same bytes each time.'), ...fileHeaders() },
  206: { ...eitherFile('The part that Range asked for.'), ...fileHeaders('content-range') },
  304: notChanged,
  ...problems,
};

const downloadHeaders = Type.Object({
  ...ifNoneMatch,
  range: Type.Optional(Type.String({ description: 'bytes=FIRST-LAST, one range.' })),
  'if-range': Type.Optional(Type.String({ description: 'The ETag of the file that the range continues.' })),
});

/**
 * @throws CodedError, in the handlers: `not_found`; `no_checkpoint`; `not_exported`; `range_not_satisfiable`;
 * `blob_missing`, `blob_corrupt`.
 */
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
        headers: downloadHeaders,
        response,
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const record = await experiments.require({
        projectId: defaultProject,
        experimentId: request.params.id,
      });
      const checkpoint = await resultCheckpoint(checkpoints, context.checkpoints, record);
      return sendModel(context, { record, checkpoint, format: request.query.format }, request, reply);
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
        headers: downloadHeaders,
        response,
      },
    },
    async (request, reply): Promise<FastifyReply> => {
      const { id, step } = request.params;
      const reference = { projectId: defaultProject, experimentId: id };
      const record = await experiments.require(reference);
      const checkpoint = await checkpoints.getCheckpoint(reference, step);
      if (!checkpoint) throw new CodedError('not_found', `The experiment has no checkpoint of step ${step}.`);
      return sendModel(context, { record, checkpoint, format: request.query.format }, request, reply);
    },
  );
}

async function sendModel(
  { openModel }: RouteContext,
  { record, checkpoint, format }: RequestedModel,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { mediaType, suffix, extension } = files[format];
  const { step, id } = checkpoint;
  const tag = `"${id}${suffix}"`;
  const file = await openModel({ experimentId: record.id, step, id }, format);
  reply
    .header('etag', tag)
    .header('accept-ranges', 'bytes')
    .header('content-disposition', `attachment; filename="${record.id}-${step}${extension}"`);
  if (matchesTag(request.headers['if-none-match'], tag)) return sendNotChanged(reply);
  const ifRange = request.headers['if-range'];
  const asked = ifRange === undefined || ifRange === tag ? request.headers.range : undefined;
  const range = rangeOf(asked, file.sizeBytes, reply);
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.sizeBytes}`);
  const sizeBytes = range ? range.end - range.start + 1 : file.sizeBytes;
  reply.type(mediaType).header('content-length', sizeBytes);
  // The framework lets the body of an answer to HEAD run to nowhere: an empty one costs nothing.
  return reply.send(request.method === 'HEAD' ? Readable.from([]) : file.open(range));
}

function rangeOf(header: string | undefined, sizeBytes: number, reply: FastifyReply) {
  try {
    return parseRange(header, sizeBytes);
  } catch (error) {
    reply.header('content-range', `bytes */${sizeBytes}`);
    throw error;
  }
}

function fileHeaders(...more: readonly HeaderName[]) {
  return headersOf('etag', 'accept-ranges', 'content-disposition', ...more);
}

function eitherFile(description: string) {
  const content = Object.values(files).map(({ mediaType }) => stream(description, mediaType).content);
  return { description, content: Object.assign({}, ...content) as (typeof content)[number] };
}
