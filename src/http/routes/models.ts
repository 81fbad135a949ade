// Models: bringing them in and looking at them.
import { Type, type Static } from 'typebox';
import type { ModelRecord } from '../../database/model-repository.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { formFiles, mostFormFiles } from '../upload/form-files.ts';
import { answer, cursor, idParameter, limit, page, problems } from '../schemas/answer.ts';
import { headersOf } from '../schemas/header.ts';
import type { modelSchema } from '../schemas/upload.ts';
import { uploadModel } from '../upload/upload-model.ts';

const tags = ['Models'];
const model = Type.Unsafe<Static<typeof modelSchema>>({ $ref: 'Model#' });

/**
 * @throws CodedError, in the handlers: `not_found`; `too_many_uploads`; `invalid_request` for a cursor; what
 * `uploadModel` throws.
 */
export function modelRoutes(app: App, context: RouteContext): void {
  const { models } = context.repositories;

  app.post(
    '/models',
    {
      schema: {
        operationId: 'uploadModel',
        summary: 'Upload a BERT model: config.json, tokenizer.json or vocab.txt, and model.safetensors',
        description:
          `Files are told apart by their names; others are ignored and listed. The same content again: 200. A form with ` +
          `more than ${mostFormFiles} files, or with more bytes than the operator allows, is refused: 413.`,
        tags,
        consumes: ['multipart/form-data'],
        response: {
          200: { ...answer('The model is there already.', model), ...headersOf('location') },
          201: { ...answer('Stored.', model), ...headersOf('location') },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { record, created } = await context.uploads.take(request, () =>
        uploadModel(context, formFiles(request)),
      );
      reply.code(created ? 201 : 200).header('location', `/models/${record.id}`);
      return reply.send(modelBody(record));
    },
  );

  app.get(
    '/models',
    {
      schema: {
        operationId: 'listModels',
        summary: 'List models, newest first',
        tags,
        querystring: Type.Object({ limit: limit(200, 50), cursor }, { additionalProperties: false }),
        response: { 200: answer('A page of models.', page(model)), ...problems },
      },
    },
    async (request) => {
      const { items, nextCursor } = await models.list(defaultProject, request.query);
      return { items: items.map(modelBody), nextCursor };
    },
  );

  app.get(
    '/models/:id',
    {
      schema: {
        operationId: 'getModel',
        summary: 'Read a model',
        tags,
        params: idParameter,
        response: { 200: answer('The model.', model), ...problems },
      },
    },
    async (request) => modelBody(await models.require(defaultProject, request.params.id)),
  );
}

function modelBody({ id, sha256, architecture, parameters, ignored, config, createdAt }: ModelRecord) {
  return { id, sha256, architecture, parameters, ignored, config, createdAt: createdAt.toISOString() };
}
