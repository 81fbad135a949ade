// A worker of the training or the evaluation queue whose work is nothing and whose reports are those of the real one: attempts
// with leases, a numeric profile, a step in the ledger, a checkpoint with its manifest and row, an evaluation. Training
// as short as this tells its workflow by its result alone, as the real one does.
//   node idle-worker.mjs training|evaluation QUEUE SLOTS
import { Buffer } from 'node:buffer';
import { canonicalJson } from '../../../dist/src/json/canonical-json.js';
import { checkpointFormatVersion } from '../../../dist/src/storage/checkpoint-manifest.js';
import { CheckpointStore } from '../../../dist/src/storage/checkpoint-store.js';
import { extendLedgerHash } from '../../../dist/src/storage/ledger-hash.js';
import { projectBlobs } from '../../../dist/src/storage/project-blobs.js';
import { runAttempt } from '../../../dist/workers/attempt/run-attempt.js';
import { withCodedFailures } from '../../../dist/workers/activities/coded-failure.js';
import { runWorkerProcess } from '../../../dist/workers/worker-process.js';
import * as nothing from './nothing.mjs';

async function prepare({ repositories }, reference, holder) {
  await repositories.results.setSnapshot(holder, nothing.snapshotSummary);
  return nothing.preparedSnapshot;
}

async function train({ repositories, store }, { projectId, experimentId }, holder) {
  const { profile, onlyStep, progress, times } = nothing;
  const { threads, provider } = profile;
  await repositories.attempts.setAttemptProfile(holder, { profile, threads, provider, startStep: 0 });
  await repositories.ledger.recordSteps(holder, { steps: [onlyStep], progress, times });
  const manifest = {
    formatVersion: checkpointFormatVersion,
    experimentId,
    step: onlyStep.step,
    phase: 'training',
    profile,
    snapshotSha256: nothing.snapshotSummary.sha256,
    specSha256: nothing.emptyBlob.sha256,
    blobs: nothing.checkpointBlobs,
    unusedWords: { scale: 1, momentum: 0 },
    evaluations: null,
    lora: null,
    ledger: { steps: onlyStep.step, sha256: extendLedgerHash(undefined, [onlyStep]) },
  };
  const manifests = new CheckpointStore(store, projectId);
  const { id, stateSha256 } = await manifests.publish(manifest, repositories.pins.forUpload(projectId));
  const checkpoint = { step: onlyStep.step, id };
  await repositories.checkpoints.commitCheckpoint(holder, {
    ...checkpoint,
    stateSha256,
    sizeBytes: 0,
    stored: [id],
  });
  return { outcome: 'completed', checkpoint };
}

async function evaluate({ repositories, store }, reference) {
  const { step, id } = await repositories.checkpoints.latestCheckpoint(reference);
  const document = {
    ...nothing.metrics,
    formatVersion: 2,
    snapshotSha256: nothing.snapshotSummary.sha256,
    checkpoint: { step, id, weightsSha256: nothing.emptyBlob.sha256 },
  };
  const blobs = projectBlobs(store, reference.projectId, repositories.pins.untilEnd(reference));
  const { sha256 } = await blobs.putBytes(Buffer.from(canonicalJson(document)));
  return { evaluationSha256: sha256 };
}

const activities = {
  training: { fineTuneBert: ['training', train] },
  evaluation: { snapshotDataset: ['preparing', prepare], evaluateBert: ['evaluating', evaluate] },
};

const [, , kind, taskQueue, slots] = process.argv;

await runWorkerProcess({
  name: `idle-${kind}-worker`,
  taskQueue,
  slots: Number(slots),
  options: (dependencies) => ({
    activities: Object.fromEntries(
      Object.entries(activities[kind]).map(([name, [phase, work]]) => [
        name,
        (reference) =>
          withCodedFailures(dependencies.log, () =>
            runAttempt(dependencies, reference, phase, (holder) => work(dependencies, reference, holder)),
          ),
      ]),
    ),
  }),
});
