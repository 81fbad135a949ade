// What the tests of this room share: a spec, and an experiment in the database.
import { openDatabase, type Database } from '../../src/database/client.ts';
import { createRepositories, type Repositories } from '../../src/database/repositories.ts';
import type { ExperimentProgress } from '../../src/database/experiment-record.ts';
import type { StepRecord } from '../../src/database/ledger-repository.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { newExperimentId } from '../../src/experiment/id.ts';
import { resolveSubmission } from '../../src/experiment/resolve-submission.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';

export const projectId = 'default';

export function specOf(name = 'fixture', tags: string[] = []): ExperimentSpec {
  const { spec } = resolveSubmission({
    name,
    tags,
    model: { id: 'mdl_1' },
    dataset: { id: 'ds_1', textField: 'text', labelField: 'label' },
  });
  return { ...spec, dataset: { id: 'ds_1', ...spec.dataset } };
}

export interface OpenedDatabase {
  readonly database: Database;
  readonly repositories: Repositories;
}

export function open(url: string): OpenedDatabase {
  const database = openDatabase(url);
  return { database, repositories: createRepositories(database) };
}

export async function submit(
  repositories: Repositories,
  spec: ExperimentSpec = specOf(),
): Promise<ExperimentReference> {
  const { experimentId } = await repositories.experiments.create({
    projectId,
    id: newExperimentId(),
    spec,
    idempotency: null,
    respond: () => '',
  });
  return { projectId, experimentId };
}

export const progressAt = (step: number): ExperimentProgress => ({
  step,
  totalSteps: 1000,
  epoch: 0,
  loss: 0.5,
  learningRate: 1e-5,
  tokensPerSecond: null,
  etaSeconds: null,
});

/** Steps whose bits use the whole range of an unsigned number. */
export function stepsFrom(first: number, count: number): StepRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    step: first + index,
    lossBits: (0xffff_ffff - (first + index)) >>> 0,
    gradientNormBits: ((first + index) * 2_654_435_761) >>> 0,
    learningRate: (first + index) / 3e7,
    examples: 32,
  }));
}
