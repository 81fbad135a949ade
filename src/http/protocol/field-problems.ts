// From the validator's errors to the wrong fields of a request, each once, in words that name what was expected.
import type { FieldProblem } from '../../error.ts';
import { pointerPart } from './json-pointer.ts';

/** An error as Ajv gives it with `verbose`. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
  readonly schema?: unknown;
}

/** A body can be wrong in a million places; that many are told. */
const mostProblems = 100;

/** Every wrong field with its JSON pointer (RFC 6901). */
export function fieldProblems(errors: readonly SchemaError[]): FieldProblem[] {
  const problems = new Map<string, FieldProblem>();
  for (const error of withoutUnionNoise(errors)) {
    const problem = { path: pathOf(error), message: messageOf(error) };
    problems.set(`${problem.path} ${problem.message}`, problem);
    if (problems.size === mostProblems) break;
  }
  return [...problems.values()];
}

/**
 * A value that fits no branch of a union gives an error for each branch and one for the union. The branch that was meant
 * is one whose type fits: its errors say more than the union's. Where none fits, the union's says it all.
 */
function withoutUnionNoise(errors: readonly SchemaError[]): readonly SchemaError[] {
  // Inner unions first: one that is still there when its outer one's turn comes was missed as a whole.
  const unions = errors
    .filter(({ keyword }) => keyword === 'anyOf')
    .sort((a, b) => b.schemaPath.length - a.schemaPath.length);
  let kept = errors;
  for (const union of unions) {
    const inside = kept.filter(
      (error) => error !== union && error.schemaPath.startsWith(`${union.schemaPath}/`),
    );
    const wrongType = (error: SchemaError): boolean =>
      error.instancePath === union.instancePath && ['type', 'const', 'enum', 'anyOf'].includes(error.keyword);
    const missed = new Set(inside.filter(wrongType).map((error) => branchOf(error, union)));
    const telling = inside.filter((error) => !missed.has(branchOf(error, union)));
    const dropped = new Set<SchemaError>(
      telling.length > 0 ? [union, ...inside.filter((error) => !telling.includes(error))] : inside,
    );
    kept = kept.filter((error) => !dropped.has(error));
  }
  return kept;
}

function branchOf(error: SchemaError, union: SchemaError): string {
  return error.schemaPath.slice(union.schemaPath.length + 1).split('/', 1)[0] ?? '';
}

function pathOf({ keyword, instancePath, params }: SchemaError): string {
  if (keyword === 'required') return `${instancePath}/${pointerPart(String(params['missingProperty']))}`;
  if (keyword === 'additionalProperties')
    return `${instancePath}/${pointerPart(String(params['additionalProperty']))}`;
  return instancePath;
}

function messageOf(error: SchemaError): string {
  switch (error.keyword) {
    case 'required':
      return 'is required';
    case 'additionalProperties':
      return 'is not a known field';
    case 'anyOf':
      return Array.isArray(error.schema) ? `must be ${expected(error.schema)}` : 'is not allowed';
    case 'const':
      return `must be ${JSON.stringify(error.params['allowedValue'])}`;
    case 'enum':
      return `must be ${orList([error.params['allowedValues']].flat().map((value) => JSON.stringify(value)))}`;
    default:
      return error.message ?? 'is not allowed';
  }
}

/** What the branches of a union take: their constants, or their types. */
function expected(branches: readonly unknown[]): string {
  return orList([...new Set(branches.flatMap(kindsOf))]);
}

function kindsOf(branch: unknown): string[] {
  if (typeof branch !== 'object' || branch === null) return ['anything'];
  if ('anyOf' in branch && Array.isArray(branch.anyOf)) return branch.anyOf.flatMap(kindsOf);
  if ('const' in branch) return [JSON.stringify(branch.const)];
  return ['type' in branch && typeof branch.type === 'string' ? branch.type : 'another value'];
}

function orList(kinds: readonly string[]): string {
  const last = kinds.at(-1) ?? 'nothing';
  return kinds.length < 2 ? last : `${kinds.slice(0, -1).join(', ')} or ${last}`;
}
