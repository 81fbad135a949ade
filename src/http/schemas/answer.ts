// Schemas that every resource shares: problems, pages, ids, times.
import { Type, type TSchema } from 'typebox';
import { errorDefinitions } from '../../error.ts';
import { nullable } from '../../experiment/schema.ts';
import { sha256Pattern } from '../../experiment/blob.ts';
import { problemType } from '../protocol/problem.ts';
import { headersOf } from './header.ts';

/** One of some texts. */
export const oneOf = <T extends string>(values: readonly T[], options: object = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
export const time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC.' });
export const sha256 = Type.String({ pattern: sha256Pattern });
export const sizeBytes = Type.Integer({ minimum: 0 });

/** Registered once, referred to by every operation. */
export const problemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    code: oneOf(Object.keys(errorDefinitions)),
    requestId: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object({ path: Type.String({ description: 'JSON pointer.' }), message: Type.String() }),
      ),
    ),
  },
  { $id: 'Problem', description: 'RFC 9457, with a code that does not change.' },
);

const problem = {
  description: 'A problem',
  content: { [problemType]: { schema: { $ref: 'Problem#' } } },
};

/** The answers other than success, the same for every operation. */
export const problems = { '4xx': problem, '5xx': { ...problem, ...headersOf('retry-after') } } as const;

/** A JSON answer with a description. */
export const answer = <T extends TSchema>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});

/** An answer that is a stream of another kind than JSON. */
export const stream = (description: string, mediaType: string) => ({
  description,
  content: { [mediaType]: { schema: Type.Unsafe<string>({ type: 'string', format: 'binary' }) } },
});

/** A page of a list: what it holds, and where the next one begins. */
export const page = <T extends TSchema>(items: T) =>
  Type.Object({ items: Type.Array(items), nextCursor: nullable(Type.String()) });

export const cursor = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: 'The nextCursor of an earlier page.' }),
);

/** How many items a page has. @param most that may be asked for. @param standard without being asked. */
export const limit = (most: number, standard: number) =>
  Type.Integer({ minimum: 1, maximum: most, default: standard, description: 'Items a page.' });

/** Ids of a kind. What is no id cannot exist, so the answer to it is `404`, not `400`: hence no pattern. */
export const idParameter = Type.Object({ id: Type.String() });
