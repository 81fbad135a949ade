// The long poll: reads an experiment, and while the reader knows that version already, waits for another one.
import type { ServerResponse } from 'node:http';
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import type { ExperimentReference } from '../../experiment/activity.ts';
import { hasEnded } from '../../experiment/state.ts';
import type { RouteContext } from '../dependencies.ts';
import { untilClosed } from '../protocol/until-closed.ts';

/**
 * Changes come several in a row, as an attempt begins, reports and ends: what follows so soon is told with the first. An end
 * is what most wait for, and little follows it: it is told at once.
 */
const burstMilliseconds = 50;

/**
 * Reads an experiment as soon as its version is another than the reader knows: at the latest after `waitSeconds`, when the
 * client has gone or when the server closes.
 *
 * @param isKnown whether the reader has this version.
 * @param waitSeconds 0 to read it as it is.
 * @throws CodedError `not_found`.
 */
export async function waitForVersion(
  { repositories: { experiments }, changes, closing }: RouteContext,
  reference: ExperimentReference,
  isKnown: (version: number) => boolean,
  waitSeconds: number,
  response: ServerResponse,
): Promise<ExperimentRecord> {
  if (waitSeconds === 0) return experiments.require(reference);
  const end = performance.now() + waitSeconds * 1000;
  const signal = untilClosed(response, closing);
  // Watched before it is read, so that no change falls in between.
  const watch = changes.watch(reference.experimentId);
  try {
    if (!isKnown((await experiments.requireVersion(reference)).version))
      return await experiments.require(reference);
    let until = end;
    while (await watch.next(Math.max(0, until - performance.now()) / 1000, signal)) {
      const { version, state } = await experiments.requireVersion(reference);
      if (isKnown(version)) continue;
      if (hasEnded(state)) break;
      until = Math.min(until, performance.now() + burstMilliseconds);
    }
    return await experiments.require(reference);
  } finally {
    watch.close();
  }
}
