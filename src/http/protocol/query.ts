// Query parameters: only those a route names, each once, numbers and booleans read as such. Bodies are never converted.
import type { FastifyRequest } from 'fastify';
import { CodedError, type FieldProblem } from '../../error.ts';
import { pointerPart } from './json-pointer.ts';

interface ParameterSchema {
  readonly type?: string;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ParameterSchema>>;
}

/**
 * Prepares the query and the path's parameters for validation.
 *
 * @throws CodedError `invalid_request` for a parameter that the route does not know or that comes twice.
 */
export function prepareParameters(request: FastifyRequest): void {
  const { querystring, params } = (request.routeOptions.schema ?? {}) as {
    readonly querystring?: ObjectSchema;
    readonly params?: ObjectSchema;
  };
  request.query = readValues(refuseUnknown(request.query as Parameters, querystring), querystring);
  request.params = readValues(request.params as Parameters, params);
}

type Parameters = Readonly<Record<string, unknown>>;

function refuseUnknown(query: Parameters, schema: ObjectSchema | undefined): Parameters {
  const problems: FieldProblem[] = [];
  for (const [name, value] of Object.entries(query)) {
    const path = `/${pointerPart(name)}`;
    if (!schema?.properties || !Object.hasOwn(schema.properties, name))
      problems.push({ path, message: 'is not a query parameter of this path' });
    else if (Array.isArray(value)) problems.push({ path, message: 'must be given once' });
  }
  if (problems.length > 0) throw new CodedError('invalid_request', 'The query is not valid.', { problems });
  return query;
}

const numberPattern = /^-?\d{1,15}(?:\.\d{1,15})?$/u;

function readValues(values: Parameters, schema: ObjectSchema | undefined): Parameters {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, readValue(value, schema?.properties?.[name]?.type)]),
  );
}

/** What does not have the form of its type stays text, and is refused by the schema. */
function readValue(value: unknown, type: string | undefined): unknown {
  if (typeof value !== 'string') return value;
  if ((type === 'integer' || type === 'number') && numberPattern.test(value)) return Number(value);
  if (type === 'boolean' && ['true', 'false'].includes(value)) return value === 'true';
  return value;
}
