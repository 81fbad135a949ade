// What the client throws for every answer that is a problem.
import type { components } from './schema.ts';

export type Problem = components['schemas']['Problem'];

/** An answer other than success; `code` is stable, `problem` is the whole body. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: Problem['code'];
  readonly status: number;
  readonly problem: Problem;

  constructor(problem: Problem) {
    const fields = (problem.errors ?? []).map(({ path, message }) => `${path} ${message}`);
    super([problem.detail, ...fields].join('\n'));
    this.code = problem.code;
    this.status = problem.status;
    this.problem = problem;
  }
}

/** Reads the problem out of an answer; one that is none, a proxy's for instance, becomes `internal`. */
export async function problemErrorOf(response: Response): Promise<ProblemError> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  // The content type says what the body is.
  if (isProblem) return new ProblemError((await response.json()) as Problem);
  const title = response.statusText || 'An answer that is no problem document';
  return new ProblemError({
    type: 'about:blank',
    title,
    status: response.status,
    detail: `${response.status} ${title}`,
    instance: new URL(response.url).pathname,
    code: 'internal',
    requestId: response.headers.get('x-request-id') ?? '',
  });
}
