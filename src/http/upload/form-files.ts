// The files of a multipart form, one after the other as they come. Fields that are no files are refused.
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { CodedError } from '../../error.ts';
import { messageOf } from '../../thrown.ts';

/** Files that one form may have. */
export const mostFormFiles = 100;

export interface FormFile {
  readonly fieldName: string;
  readonly fileName: string;
  readonly content: Readable;
}

/**
 * Hands out each file; its content must be read to the end before the next one comes.
 *
 * @throws CodedError `unsupported_media_type` when the body is no form, `invalid_request` for a form that is broken, has
 * other fields or no file.
 */
export async function* formFiles(request: FastifyRequest): AsyncGenerator<FormFile> {
  if (!request.isMultipart())
    throw new CodedError('unsupported_media_type', 'The body must be multipart/form-data with files.');
  let count = 0;
  try {
    for await (const part of request.parts()) {
      // Names may be missing, whatever the parser's types say.
      if ((part.fieldname as string | undefined) === undefined) throw invalidForm('', 'must have a name');
      if (part.type !== 'file')
        throw invalidForm(part.fieldname, 'must be a file: give the part a file name');
      count += 1;
      // A part of bytes is a file to the parser without a file name too.
      if ((part.filename as string | undefined) === undefined)
        throw invalidForm(part.fieldname, 'must have a file name');
      yield { fieldName: part.fieldname, fileName: part.filename, content: part.file };
    }
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw formFault(error, count === 0);
  }
  if (count === 0) throw new CodedError('invalid_request', 'The form has no file.');
}

/** A wrong part of a form. */
export function invalidForm(fieldName: string, message: string): CodedError {
  const path = `/${fieldName.slice(0, 64)}`;
  return new CodedError('invalid_request', 'The form is not valid.', { problems: [{ path, message }] });
}

/**
 * Faults of the form's parser carry a status, but for what it makes of the form's head; what else breaks reading is the
 * client's connection or ours.
 */
function formFault(error: unknown, isBeforeFirstPart: boolean): unknown {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) return new CodedError('payload_too_large', `A form may have ${mostFormFiles} files.`);
  const isFormFault =
    isBeforeFirstPart || status === 400 || /form|multipart|boundary|header/iu.test(messageOf(error));
  if (!isFormFault) return error;
  return new CodedError('invalid_request', 'The form is not complete multipart/form-data.', { cause: error });
}
