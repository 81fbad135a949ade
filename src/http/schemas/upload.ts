// Datasets and models as they are answered.
import { Type } from 'typebox';
import { splitFormats } from '../../dataset/rows.ts';
import { sha256, sizeBytes, time } from './answer.ts';

/** As a reader is told of them. */
export const fileExtensions = splitFormats.map((format) => `.${format}`).join(', ');

export const datasetSchema = Type.Object(
  {
    id: Type.String(),
    sha256,
    sizeBytes,
    splits: Type.Record(
      Type.String(),
      Type.Object({
        rows: Type.Integer({ minimum: 1 }),
        columns: Type.Array(Type.String()),
        sample: Type.Array(Type.Record(Type.String(), Type.Unknown()), {
          description: 'The first rows; long values are cut.',
        }),
      }),
    ),
    createdAt: time,
  },
  { $id: 'Dataset' },
);

export const modelSchema = Type.Object(
  {
    id: Type.String(),
    sha256,
    architecture: Type.String(),
    parameters: Type.Integer({ minimum: 0, description: 'How many numbers the weights are.' }),
    ignored: Type.Array(Type.String(), { description: 'Files and tensors that were left aside.' }),
    config: Type.Record(Type.String(), Type.Unknown()),
    createdAt: time,
  },
  { $id: 'Model' },
);

/** A form of files, for the document; the parts themselves are read as they come. */
export const filesForm = (description: string) => ({
  required: true,
  description,
  content: {
    'multipart/form-data': {
      schema: {
        type: 'object',
        additionalProperties: { type: 'string', format: 'binary' },
      },
    },
  },
});
