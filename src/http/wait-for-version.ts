// The long poll: reads an experiment, and while the reader knows that version already, waits for another one.
import type { ServerResponse } from 'node:http';
import type { ExperimentRecord } from '../database/experiment-record.ts';
import type { ExperimentReference } from '../experiment/activity.ts';
import type { RouteContext } from './dependencies.ts';
import { untilClosed } from './until-closed.ts';

/**
 * Reads an experiment, at the latest after `waitSeconds`, when the client has gone or when the server closes.
 *
 * @throws CodedError `not_found`.
 */
export async function waitForVersion(
  { repositories, changes, closing }: RouteContext,
  reference: ExperimentReference,
  isKnown: (record: ExperimentRecord) => boolean,
  waitSeconds: number,
  response: ServerResponse,
): Promise<ExperimentRecord> {
  const end = performance.now() + waitSeconds * 1000;
  const signal = AbortSignal.any([closing, untilClosed(response)]);
  // Watched before it is read, so that no change falls in between.
  const watch = changes.watch(reference.experimentId);
  try {
    for (;;) {
      const record = await repositories.experiments.require(reference);
      const remainingSeconds = (end - performance.now()) / 1000;
      if (!isKnown(record) || remainingSeconds <= 0 || signal.aborted) return record;
      await watch.next(remainingSeconds, signal);
    }
  } finally {
    watch.close();
  }
}
