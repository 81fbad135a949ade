// The whole check of a project: every row, manifest and blob against each other, then what nothing refers to.
import type { BlobPins } from '../database/blob-pins.ts';
import type { LedgerRepository } from '../database/ledger-repository.ts';
import type { ReferenceRepository, ReferringExperiment } from '../database/reference-repository.ts';
import { hasEnded } from '../experiment/state.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { CheckpointStore } from '../storage/checkpoint-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { BlobCheck } from './blob-check.ts';
import { checkExperiment } from './check-experiment.ts';
import type { Finding } from './finding.ts';
import { findOrphans } from './find-orphans.ts';
import { datasetReferences, modelReferences } from './references.ts';

export interface ProjectCheckParts {
  readonly projectId: string;
  readonly rows: ReferenceRepository;
  readonly pins: BlobPins;
  readonly ledger: Pick<LedgerRepository, 'ledger'>;
  readonly store: ObjectStore;
  readonly blobs: BlobStore;
  readonly manifests: CheckpointStore;
}

/**
 * Tells of everything that is wrong. Rows that change while they are checked are checked again, so that it can run beside the
 * service. Hashes of blobs are held, and a page of rows.
 *
 * @returns how much was checked.
 * @throws CodedError `storage_unavailable`, `database_unavailable`.
 */
export async function* checkProject(
  parts: ProjectCheckParts,
): AsyncGenerator<Finding, { readonly blobs: number; readonly sizeBytes: number }> {
  const { projectId, rows, pins, store } = parts;
  const check = new BlobCheck(parts.blobs);
  for await (const dataset of rows.datasets(projectId))
    yield* whileThere(check.check(`dataset ${dataset.id}`, datasetReferences(dataset)), () =>
      rows.sourceExists(projectId, 'dataset', dataset.id),
    );
  for await (const model of rows.models(projectId))
    yield* whileThere(check.check(`model ${model.id}`, modelReferences(model)), () =>
      rows.sourceExists(projectId, 'model', model.id),
    );
  for await (const experiment of rows.experiments(projectId)) yield* settled(parts, check, experiment);
  for (const { experimentId, step, pinnedBy } of await rows.danglingPins(projectId))
    yield {
      kind: 'dangling',
      where: `experiment ${pinnedBy}`,
      what: `the checkpoint of step ${step} of ${experimentId}, which it begins with, is not there`,
    };
  // Read again: what was committed meanwhile is not pinned for ever.
  const manifests = new Set<string>();
  for await (const { manifest } of rows.checkpoints(projectId)) manifests.add(manifest);
  yield* findOrphans({ projectId, store, pins, blobs: check.referred, manifests });
  return { blobs: check.referred.size, sizeBytes: check.sizeBytes };
}

/** Findings of a row that is still there once they are made. */
async function* whileThere(
  findings: AsyncGenerator<Finding>,
  isThere: () => Promise<boolean>,
): AsyncGenerator<Finding> {
  for await (const finding of findings) if (await isThere()) yield finding;
}

/** How often an experiment that changes is checked again. */
const mostRounds = 5;

async function* settled(
  parts: ProjectCheckParts,
  check: BlobCheck,
  first: ReferringExperiment,
): AsyncGenerator<Finding> {
  const { projectId, rows } = parts;
  let experiment: ReferringExperiment | undefined = first;
  for (let round = 1; experiment !== undefined; round += 1) {
    const findings: Finding[] = [];
    const ended = hasEnded(experiment.state);
    for await (const finding of checkExperiment({ ...parts, check }, experiment, ended))
      findings.push(finding);
    const now: ReferringExperiment | undefined = await rows.experiment(projectId, first.id);
    if (findings.length === 0 || now?.version === experiment.version || round === mostRounds) {
      if (now !== undefined) yield* findings;
      return;
    }
    experiment = now;
  }
}
