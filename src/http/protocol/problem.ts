// From an error to an answer: application/problem+json (RFC 9457), never with anything of the server's inside.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { CodedError, errorDefinitions, type ErrorCode, type FieldProblem } from '../../error.ts';

export const problemType = 'application/problem+json';
/** Names each code for machines (RFC 8141); docs/errors.md describes it for people. */
const problemNamespace = 'urn:bert-eval-coordinator:problem:';
const retryAfterSeconds = 5;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly errors?: readonly FieldProblem[];
}

/** The problem that a coded error is to the reader of one answer. */
export function problemOf(error: CodedError, instance: string, requestId: string): Problem {
  const { status, title, remedy } = errorDefinitions[error.code];
  return {
    type: `${problemNamespace}${error.code}`,
    title,
    status,
    detail: `${error.message} ${remedy}`.trim(),
    instance,
    code: error.code,
    requestId,
    ...(error.problems.length > 0 && { errors: error.problems }),
  };
}

/** Answers with an error of any kind. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  extensions: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  const coded = toCodedError(error);
  const problem = problemOf(coded, pathOf(request.url), request.id);
  if (problem.status === 503) reply.header('retry-after', String(retryAfterSeconds));
  // What an answer of success had set already does not describe this body.
  for (const name of ['etag', 'content-length', 'content-disposition', 'location', 'accept-ranges'])
    reply.removeHeader(name);
  // As bytes: to a text the framework would add a charset, which this media type does not have.
  const body = Buffer.from(JSON.stringify({ ...problem, ...extensions }));
  return reply.code(problem.status).type(problemType).send(body);
}

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  404: 'not_found',
  406: 'unsupported_media_type',
  413: 'payload_too_large',
  414: 'invalid_request',
  415: 'unsupported_media_type',
};

/** Errors of the framework get the code of their status; whatever nobody foresaw is `internal`, and says nothing. */
export function toCodedError(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const { statusCode, message } = (error instanceof Error ? error : new Error()) as Partial<FastifyError>;
  const code = statusCode === undefined ? undefined : codesByStatus[statusCode];
  if (code === undefined)
    return new CodedError('internal', 'The request could not be answered.', { cause: error });
  return new CodedError(code, messageFor(code, message ?? ''), { cause: error });
}

function messageFor(code: ErrorCode, message: string): string {
  if (code === 'payload_too_large') return 'The body is larger than this path takes.';
  if (code === 'unsupported_media_type')
    return 'The Content-Type of the body is not one that this path takes: application/json, or multipart/form-data for files.';
  return `${message.replace(/[.\s]*$/u, '')}.`;
}

/** The path without its query, which may hold what nobody should log or show. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/';
}
