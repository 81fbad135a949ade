// A user who asks again for as long as the service is away.
import { setTimeout as delay } from 'node:timers/promises';
import { ProblemError } from '../../openapi/client.ts';

const pauseMilliseconds = 500;
const patienceSeconds = 300;

/** What a disturbed service may answer, and what it must not: those answers are kept for the verdict. */
export class Persistence {
  readonly unexpected: string[] = [];

  /**
   * Does `action` until it is answered.
   *
   * @throws ProblemError of a status below 500; the last fault when the service stays away.
   */
  async insist<T>(action: () => Promise<T>): Promise<T> {
    const end = performance.now() + patienceSeconds * 1000;
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (error instanceof ProblemError) {
          if (error.status < 500 && error.status !== 429) throw error;
          if (error.status === 500)
            this.unexpected.push(`the API answered 500 to ${error.problem.instance}: ${error.message}`);
        }
        if (performance.now() > end) throw error;
        await delay(pauseMilliseconds);
      }
    }
  }
}

/** Whether the service refused a request because of the experiment's state. */
export const isRefusedByState = (error: unknown): boolean =>
  error instanceof ProblemError && error.status === 409;
