// What the coordinator's workflows do to the world: project their states, and publish the result.
import { requireTrained } from '../../src/database/row-behind.ts';
import type { CoordinatorActivities, ExperimentReference } from '../../src/experiment/activity.ts';
import type { LeaseHolder } from '../../src/database/experiment-lock.ts';
import { metricValues } from '../../src/experiment/metric-names.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import { projectBlobs } from '../../src/storage/project-blobs.ts';
import { runAttempt } from '../attempt/run-attempt.ts';
import { withCodedFailures } from './coded-failure.ts';
import type { ActivityDependencies } from '../attempt/dependencies.ts';
import type { EvaluationDocument } from './evaluation-document.ts';

type CoordinatorDependencies = Pick<
  ActivityDependencies,
  'repositories' | 'store' | 'host' | 'stopping' | 'log'
>;

/**
 * The coordinator queue's activities.
 *
 * @throws nothing itself. The activities throw ApplicationFailure with an error's code as its type: `database_unavailable`,
 * `storage_unavailable`, `blob_missing`, `blob_corrupt`, `lease_lost`, `row_behind`, `transition_not_allowed`, `not_found`.
 */
export function createCoordinatorActivities(dependencies: CoordinatorDependencies): CoordinatorActivities {
  const { repositories, log } = dependencies;
  return {
    recordTransition: (transition) =>
      withCodedFailures(log, async () => {
        await repositories.transitions.recordTransition(transition);
        const { sequence, error } = transition;
        return { sequence, error };
      }),
    revokeAttempt: (experiment) => withCodedFailures(log, () => repositories.attempts.revoke(experiment)),
    publishReport: ({ evaluation, trainedStep, ...experiment }) =>
      withCodedFailures(log, () =>
        runAttempt(dependencies, experiment, 'evaluating', async (holder) => {
          // With a lease in hand: one that was given out before the database was restored is refused.
          requireTrained(await repositories.experiments.require(experiment), trainedStep);
          await publish(dependencies, experiment, holder, evaluation.evaluationSha256);
        }),
      ),
  };
}

/** The report is the evaluation with what it rests on: how the weights came to be. No time or host is in it. */
async function publish(
  { repositories, store }: CoordinatorDependencies,
  reference: ExperimentReference,
  holder: LeaseHolder,
  evaluationSha256: string,
): Promise<void> {
  const blobs = projectBlobs(store, reference.projectId, repositories.pins.untilEnd(reference));
  // Written by evaluateBert, and checked by its hash.
  const evaluation = JSON.parse(await blobs.text(evaluationSha256)) as EvaluationDocument;
  const checkpoints = new CheckpointStore(store, reference.projectId);
  const { step, id } = evaluation.checkpoint;
  const manifest = await checkpoints.read(reference.experimentId, step, id);
  const { specSha256, profile, ledger } = manifest;
  const report = {
    ...evaluation,
    experimentId: reference.experimentId,
    training: { specSha256, profile, ledger },
  };
  const { sha256: reportSha256 } = await blobs.putBytes(Buffer.from(canonicalJson(report)));
  await repositories.results.setEvaluation(holder, {
    metrics: metricValues(evaluation),
    reportSha256,
  });
}
