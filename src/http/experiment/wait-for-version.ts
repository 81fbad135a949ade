// The long poll: reads an experiment, and while the reader knows that version already, waits for another one.
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExperimentRecord } from '../../database/experiment-record.ts';
import type { ExperimentReference } from '../../experiment/activity.ts';
import type { RouteContext } from '../dependencies.ts';
import { untilClosed } from '../protocol/until-closed.ts';

/** Changes come several in a row, as an attempt begins, reports and ends: what follows so soon is told with the first. */
const burstMilliseconds = 50;

/**
 * Reads an experiment, at the latest after `waitSeconds`, when the client has gone or when the server closes.
 *
 * @param isKnown whether the reader has this version.
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
  const signal = AbortSignal.any([closing, untilClosed(response)]);
  // Watched before it is read, so that no change falls in between.
  const watch = changes.watch(reference.experimentId);
  try {
    if (!isKnown(await experiments.requireVersion(reference))) return await experiments.require(reference);
    for (;;) {
      const changed = await watch.next(Math.max(0, end - performance.now()) / 1000, signal);
      // The leaving of the client, or of the server, ends this pause; nothing else can fail in it.
      if (changed) await delay(burstMilliseconds, undefined, { signal }).catch(() => undefined);
      const record = await experiments.require(reference);
      if (!isKnown(record.version) || performance.now() >= end || signal.aborted) return record;
    }
  } finally {
    watch.close();
  }
}
