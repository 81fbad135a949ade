// The audit of an experiment: everything recorded of its workflows against the workflow code of this build.
import type { AuditActivities, ExperimentReference } from '../../src/experiment/activity.ts';
import { CodedError } from '../../src/error.ts';
import type { ExperimentAudit } from '../../src/experiment/replay.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { callWithin } from '../../src/temporal/call-within.ts';
import { readHistoriesSoFar, runsOf, type ExperimentHistories } from '../../src/temporal/history.ts';
import type { HistoryReplayer } from '../replay/history-replayer.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from '../attempt/dependencies.ts';

const readTimeoutSeconds = 30;

/**
 * The activity of audits.
 *
 * @throws nothing itself. The activity throws ApplicationFailure with an error's code as its type: `not_found`, `not_ready`
 * where nothing is recorded, `blob_missing`, `blob_corrupt`, `database_unavailable`, `storage_unavailable`.
 */
export function createAuditActivities(
  dependencies: Pick<ActivityDependencies, 'repositories' | 'store' | 'temporal' | 'log'>,
  replayer: HistoryReplayer,
): AuditActivities {
  return {
    auditHistories: (reference) =>
      withCodedFailures(dependencies.log, async () => {
        const { histories, source } = await recorded(dependencies, reference);
        const workflows = await replayer.replay(runsOf(histories));
        return {
          deterministic: workflows.every(({ deterministic }) => deterministic),
          events: workflows.reduce((sum, { events }) => sum + events, 0),
          source,
          workflows,
        };
      }),
  };
}

/** What was stored at the end; before it was, what Temporal has. */
async function recorded(
  { repositories, store, temporal }: Pick<ActivityDependencies, 'repositories' | 'store' | 'temporal'>,
  reference: ExperimentReference,
): Promise<{ histories: ExperimentHistories; source: ExperimentAudit['source'] }> {
  const { state, historySha256 } = await repositories.experiments.require(reference);
  if (historySha256 !== null) {
    const text = await projectBlobs(store, reference.projectId).text(historySha256);
    // Written by the dispatcher, and checked by its hash.
    const histories = JSON.parse(text) as ExperimentHistories;
    return { histories, source: 'stored' };
  }
  const histories = await callWithin(temporal, readTimeoutSeconds, () =>
    readHistoriesSoFar(temporal, reference.experimentId),
  );
  if (histories === undefined)
    throw new CodedError('not_ready', `The experiment is ${state}; nothing is recorded of its workflow.`);
  return { histories, source: 'live' };
}
