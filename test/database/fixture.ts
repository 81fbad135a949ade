// What the tests of this room share: a spec, and an experiment in the database.
import { afterAll, beforeAll } from 'vitest';
import { openDatabase, type Database } from '../../src/database/client.ts';
import { createRepositories, type Repositories } from '../../src/database/repositories.ts';
import type { ExperimentProgress } from '../../src/database/experiment-record.ts';
import type { RecordedStep } from '../../src/database/ledger-chunk.ts';
import type { VerificationReference } from '../../src/database/verification-repository.ts';
import type { ExperimentReference } from '../../src/experiment/activity.ts';
import { newExperimentId } from '../../src/experiment/id.ts';
import type { NumericProfile } from '../../src/experiment/profile.ts';
import { resolveSubmission } from '../../src/experiment/resolve-submission.ts';
import type { ExperimentSpec } from '../../src/experiment/spec.ts';
import type { AttemptTimes } from '../../src/waste/waste.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

export const projectId = 'default';

export function specOf(name = 'fixture', tags: string[] = []): ExperimentSpec {
  const { spec } = resolveSubmission({
    name,
    tags,
    model: { id: 'mdl_1' },
    dataset: { id: 'ds_1', textField: 'text', labelField: 'label' },
  });
  return { ...spec, model: { id: 'mdl_1' }, dataset: { id: 'ds_1', ...spec.dataset } };
}

export interface OpenedDatabase {
  readonly postgres: TestPostgres;
  readonly url: string;
  readonly database: Database;
  readonly repositories: Repositories;
}

/** A server with one migrated database for the tests of a file; what is returned can be read once they run. */
export function useDatabase(): OpenedDatabase {
  let opened: OpenedDatabase | undefined;
  const now = (): OpenedDatabase => {
    if (!opened) throw new Error('the database is there from the first test on');
    return opened;
  };
  beforeAll(async () => {
    const postgres = await startTestPostgres();
    const url = await postgres.migrated();
    const database = openDatabase(url);
    opened = { postgres, url, database, repositories: createRepositories(database) };
  });
  afterAll(async () => {
    await opened?.database.close();
    await opened?.postgres.stop();
  });
  return {
    get postgres() {
      return now().postgres;
    },
    get url() {
      return now().url;
    },
    get database() {
      return now().database;
    },
    get repositories() {
      return now().repositories;
    },
  };
}

/** The dataset and the model that {@link specOf} names, without content. */
export async function addSources(
  { database }: Pick<Repositories, 'database'>,
  project = projectId,
): Promise<void> {
  await database.run(async (queries) => {
    await queries.dataset.createMany({
      data: { projectId: project, id: 'ds_1', sha256: 'none', sizeBytes: 0, splits: {} },
      skipDuplicates: true,
    });
    await queries.model.createMany({
      data: {
        projectId: project,
        id: 'mdl_1',
        sha256: 'none',
        architecture: 'bert',
        parameters: 0,
        ignored: [],
        config: {},
        blobs: {},
      },
      skipDuplicates: true,
    });
  });
}

export async function submit(
  repositories: Repositories,
  spec: ExperimentSpec = specOf(),
): Promise<ExperimentReference> {
  await addSources(repositories);
  const { experimentId } = await repositories.experiments.create({
    projectId,
    id: newExperimentId(),
    spec,
    idempotency: null,
    respond: () => '',
  });
  return { projectId, experimentId };
}

/** Asks for the verification of an experiment with ten steps. */
export async function askForVerification(repositories: Repositories): Promise<VerificationReference> {
  const { attempts, ledger, verifications } = repositories;
  const reference = await submit(repositories);
  const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
  const profile = { profile: profileOf(1), threads: 1, provider: 'cpu', startStep: 0 } as const;
  await attempts.setAttemptProfile(holder, profile);
  await ledger.recordSteps(holder, { steps: stepsFrom(1, 10), progress: progressAt(10), times: noTimes });
  const { id } = await verifications.create(reference, { fromStep: 1, toStep: 10 });
  return { ...reference, verificationId: id };
}

/** Gives an experiment the report without which it does not succeed; the state stays. */
export async function giveReport(
  { attempts, results }: Pick<Repositories, 'attempts' | 'results'>,
  reference: ExperimentReference,
): Promise<void> {
  const holder = await attempts.beginAttempt({ ...reference, phase: 'evaluating', host: 'host' });
  await results.setEvaluation(holder, { metrics: {}, reportSha256: 'sha256:report' });
  await attempts.finishAttempt(holder, { cause: 'completed' });
}

export const profileOf = (threads: number): NumericProfile => ({
  onnxruntimeVersion: '1.0.0',
  provider: 'cpu',
  instructionSet: 'avx2',
  threads,
  graphSha256: `sha256:${'0'.repeat(64)}`,
});

export const progressAt = (step: number): ExperimentProgress => ({
  step,
  totalSteps: 1000,
  epoch: 0,
  loss: 0.5,
  learningRate: 1e-5,
  tokensPerSecond: null,
  etaSeconds: null,
});

/** Of an attempt that nobody has timed. */
export const noTimes: AttemptTimes = {
  usefulSeconds: 0,
  repeatedSeconds: 0,
  checkpointSeconds: 0,
  evaluationSeconds: 0,
};

/** Steps whose bits use the whole range of an unsigned number. */
export function stepsFrom(first: number, count: number): RecordedStep[] {
  return Array.from({ length: count }, (_, index) => ({
    step: first + index,
    lossBits: (0xffff_ffff - (first + index)) >>> 0,
    gradientNormBits: ((first + index) * 2_654_435_761) >>> 0,
    learningRate: (first + index) / 3e7,
    examples: 32,
  }));
}
