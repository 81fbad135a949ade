// Datasets: bringing them in and looking at them.
import { Type, type Static } from 'typebox';
import type { DatasetRecord } from '../../database/dataset-repository.ts';
import { defaultProject } from '../../experiment/id.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { formFiles, mostFormFiles } from '../upload/form-files.ts';
import { answer, cursor, idParameter, limit, page, problems } from '../schemas/answer.ts';
import { headersOf } from '../schemas/header.ts';
import { fileExtensions, type datasetSchema } from '../schemas/upload.ts';
import { uploadDataset } from '../upload/upload-dataset.ts';

const tags = ['Datasets'];
const dataset = Type.Unsafe<Static<typeof datasetSchema>>({ $ref: 'Dataset#' });

/**
 * @throws CodedError, in the handlers: `not_found`; `too_many_uploads`; `invalid_request` for a cursor; what
 * `uploadDataset` throws.
 */
export function datasetRoutes(app: App, context: RouteContext): void {
  const { datasets } = context.repositories;

  app.post(
    '/datasets',
    {
      schema: {
        operationId: 'uploadDataset',
        summary: `Upload a dataset: one file a split (${fileExtensions})`,
        description:
          `The field’s name is the split’s. The same content again is the same dataset: 200. A form with more than ` +
          `${mostFormFiles} files, or with more bytes than the operator allows, is refused: 413.`,
        tags,
        consumes: ['multipart/form-data'],
        response: {
          200: { ...answer('The dataset is there already.', dataset), ...headersOf('location') },
          201: { ...answer('Stored.', dataset), ...headersOf('location') },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { record, created } = await context.uploads.take(request, () =>
        uploadDataset(context, formFiles(request)),
      );
      reply.code(created ? 201 : 200).header('location', `/datasets/${record.id}`);
      return reply.send(datasetBody(record));
    },
  );

  app.get(
    '/datasets',
    {
      schema: {
        operationId: 'listDatasets',
        summary: 'List datasets, newest first',
        tags,
        querystring: Type.Object({ limit: limit(200, 50), cursor }, { additionalProperties: false }),
        response: { 200: answer('A page of datasets.', page(dataset)), ...problems },
      },
    },
    async (request) => {
      const { items, nextCursor } = await datasets.list(defaultProject, request.query);
      return { items: items.map(datasetBody), nextCursor };
    },
  );

  app.get(
    '/datasets/:id',
    {
      schema: {
        operationId: 'getDataset',
        summary: 'Read a dataset',
        tags,
        params: idParameter,
        response: { 200: answer('The dataset.', dataset), ...problems },
      },
    },
    async (request) => datasetBody(await datasets.require(defaultProject, request.params.id)),
  );
}

function datasetBody({ id, sha256, sizeBytes, splits, createdAt }: DatasetRecord) {
  const shown = Object.entries(splits).map(([name, { rows, columns, sample }]) => [
    name,
    { rows, columns, sample },
  ]);
  return {
    id,
    sha256,
    sizeBytes,
    splits: Object.fromEntries(shown) as object,
    createdAt: createdAt.toISOString(),
  };
}
