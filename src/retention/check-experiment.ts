// Holds an experiment's row against its snapshot, its checkpoints, their manifests and its ledger.
import type { LedgerRepository } from '../database/ledger-repository.ts';
import type {
  ReferenceRepository,
  ReferringCheckpoint,
  ReferringExperiment,
} from '../database/reference-repository.ts';
import { metricValues, type EvaluatedMetrics } from '../experiment/metric-names.ts';
import { decodeSnapshotManifest } from '../dataset/snapshot-manifest.ts';
import { isDamage, type BlobStore } from '../storage/blob-store.ts';
import { stateSha256Of, type CheckpointManifest } from '../storage/checkpoint-manifest.ts';
import type { CheckpointStore } from '../storage/checkpoint-store.ts';
import type { BlobCheck } from './blob-check.ts';
import { checkLedger, type LedgerMark } from './check-ledger.ts';
import type { Finding } from './finding.ts';
import { documentReferences, experimentReferences, manifestOf } from './references.ts';

export interface ExperimentCheckParts {
  readonly projectId: string;
  readonly rows: Pick<ReferenceRepository, 'checkpointsOf' | 'sourceExists'>;
  readonly ledger: Pick<LedgerRepository, 'ledger'>;
  readonly blobs: BlobStore;
  readonly manifests: CheckpointStore;
  readonly check: BlobCheck;
}

/** @throws CodedError `storage_unavailable`, `database_unavailable`. */
export async function* checkExperiment(
  parts: ExperimentCheckParts,
  experiment: ReferringExperiment,
  hasEnded: boolean,
): AsyncGenerator<Finding> {
  const { projectId, rows, ledger, check } = parts;
  const where = `experiment ${experiment.id}`;
  yield* check.check(where, experimentReferences(experiment));
  yield* checkSnapshot(parts, experiment);
  yield* checkReport(parts, experiment);
  if (!hasEnded)
    for (const [kind, id] of [
      ['dataset', experiment.datasetId],
      ['model', experiment.modelId],
    ] as const)
      if (id !== null && !(await rows.sourceExists(projectId, kind, id)))
        yield { kind: 'dangling', where, what: `its ${kind} ${id} is not there` };
  const checkpoints = await rows.checkpointsOf(projectId, experiment.id);
  const steps = new Set(checkpoints.map(({ step }) => step));
  const marks: LedgerMark[] = [];
  for (const checkpoint of checkpoints) {
    for (const needed of checkpoint.needsSteps)
      if (!steps.has(needed))
        yield {
          kind: 'dangling',
          where: `${where}, checkpoint of step ${checkpoint.step}`,
          what: `the checkpoint of step ${needed}, which it needs, is not there`,
        };
    marks.push(...(yield* checkCheckpoint(parts, experiment, checkpoint)));
  }
  yield* checkLedger(ledger, { projectId, experimentId: experiment.id }, marks);
}

async function* checkSnapshot(
  { blobs, check }: ExperimentCheckParts,
  { id, snapshot }: ReferringExperiment,
): AsyncGenerator<Finding> {
  // What is damaged was told of already.
  if (snapshot === null || typeof check.referred.get(snapshot.sha256) !== 'number') return;
  const where = `experiment ${id}`;
  try {
    const { splits, labels } = decodeSnapshotManifest(await blobs.bytes(snapshot.sha256));
    const { train, evaluation } = snapshot.rows;
    const isSame =
      splits.train.rows === train &&
      splits.evaluation.rows === evaluation &&
      JSON.stringify(labels) === JSON.stringify(snapshot.labels);
    if (!isSame) yield { kind: 'differs', where, what: 'its row has other rows or labels than its snapshot' };
  } catch (error) {
    if (!isDamage(error)) throw error;
    yield { kind: 'corrupt', where, what: `snapshot: ${error.message}` };
  }
}

async function* checkReport(
  { blobs, check }: ExperimentCheckParts,
  { id, evaluation, reportSha256 }: ReferringExperiment,
): AsyncGenerator<Finding> {
  // What is damaged was told of already.
  if (reportSha256 === null || typeof check.referred.get(reportSha256) !== 'number') return;
  const where = `experiment ${id}`;
  try {
    // Written by the coordinator's publishReport, and checked by its hash.
    const report = JSON.parse(await blobs.text(reportSha256)) as EvaluatedMetrics;
    const values: Readonly<Record<string, unknown>> = metricValues(report);
    // A version that knew fewer metrics wrote fewer.
    const other = Object.entries(evaluation?.metrics ?? {}).find(
      ([name, value]) => name in values && values[name] !== value,
    );
    if (other) yield { kind: 'differs', where, what: `its row has another ${other[0]} than its report` };
  } catch (error) {
    if (!isDamage(error)) throw error;
    yield { kind: 'corrupt', where, what: `report: ${error.message}` };
  }
}

/** @returns what its manifest says of the ledger, where it can be read. */
async function* checkCheckpoint(
  { manifests, check }: ExperimentCheckParts,
  { snapshot }: ReferringExperiment,
  row: ReferringCheckpoint,
): AsyncGenerator<Finding, readonly LedgerMark[]> {
  const { experimentId, step, id } = manifestOf(row);
  const where = `experiment ${experimentId}, checkpoint of step ${step}`;
  let manifest: CheckpointManifest;
  try {
    manifest = await manifests.read(experimentId, step, id);
  } catch (error) {
    if (!isDamage(error)) throw error;
    yield {
      kind: error.code === 'blob_missing' ? 'missing' : 'corrupt',
      where,
      what: `the manifest ${id}: ${error.message}`,
    };
    return [];
  }
  yield* check.check(where, documentReferences(manifest));
  for (const what of differences(row, manifest, snapshot?.sha256)) yield { kind: 'differs', where, what };
  return [manifest.ledger];
}

function differences(
  row: ReferringCheckpoint,
  manifest: CheckpointManifest,
  snapshotSha256: string | undefined,
): readonly string[] {
  const { parameters, firstMoments, secondMoments } = manifest.blobs;
  const sizeBytes = parameters.sizeBytes + firstMoments.sizeBytes + (secondMoments?.sizeBytes ?? 0);
  // Empty: the row was written by a version that kept none.
  const stateSha256 = row.stateSha256 === '' ? '' : stateSha256Of(manifest);
  return [
    ...(sizeBytes === row.sizeBytes
      ? []
      : [`its row says ${row.sizeBytes} bytes, its manifest ${sizeBytes}`]),
    ...(stateSha256 === row.stateSha256 ? [] : ['its row has another hash of its state than its manifest']),
    ...(manifest.snapshotSha256 === snapshotSha256 ? [] : ['it is of another snapshot than its experiment']),
  ];
}
