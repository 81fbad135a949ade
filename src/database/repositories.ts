// All repositories over one database.
import { AttemptRepository } from './attempt-repository.ts';
import { CalibrationRepository } from './calibration-repository.ts';
import { CheckpointRepository } from './checkpoint-repository.ts';
import { BlobPins } from './blob-pins.ts';
import type { Database } from './client.ts';
import { DatasetRepository } from './dataset-repository.ts';
import { EventRepository } from './event-repository.ts';
import { ExperimentRepository } from './experiment-repository.ts';
import { LedgerRepository } from './ledger-repository.ts';
import { MetricRepository } from './metric-repository.ts';
import { ModelRepository } from './model-repository.ts';
import { Outbox } from './outbox.ts';
import { ReferenceRepository } from './reference-repository.ts';
import { ReconciliationRepository } from './reconciliation-repository.ts';
import { RequestRepository } from './request-repository.ts';
import { ResultRepository } from './result-repository.ts';
import { TransitionRepository } from './transition-repository.ts';
import { VerificationRepository } from './verification-repository.ts';
import { WasteRepository } from './waste-repository.ts';
import { WorkerRefusalRepository } from './worker-refusal-repository.ts';

export interface Repositories {
  readonly database: Database;
  readonly experiments: ExperimentRepository;
  readonly transitions: TransitionRepository;
  readonly reconciliation: ReconciliationRepository;
  readonly requests: RequestRepository;
  readonly attempts: AttemptRepository;
  readonly ledger: LedgerRepository;
  readonly metrics: MetricRepository;
  readonly calibrations: CalibrationRepository;
  readonly checkpoints: CheckpointRepository;
  readonly results: ResultRepository;
  readonly events: EventRepository;
  readonly outbox: Outbox;
  readonly datasets: DatasetRepository;
  readonly models: ModelRepository;
  readonly verifications: VerificationRepository;
  readonly waste: WasteRepository;
  readonly workerRefusals: WorkerRefusalRepository;
  readonly pins: BlobPins;
  readonly references: ReferenceRepository;
}

/** All repositories over one pool of connections. Nothing is asked of the database yet. */
export function createRepositories(database: Database): Repositories {
  return {
    database,
    experiments: new ExperimentRepository(database),
    transitions: new TransitionRepository(database),
    reconciliation: new ReconciliationRepository(database),
    requests: new RequestRepository(database),
    attempts: new AttemptRepository(database),
    ledger: new LedgerRepository(database),
    metrics: new MetricRepository(database),
    calibrations: new CalibrationRepository(database),
    checkpoints: new CheckpointRepository(database),
    results: new ResultRepository(database),
    events: new EventRepository(database),
    outbox: new Outbox(database),
    datasets: new DatasetRepository(database),
    models: new ModelRepository(database),
    verifications: new VerificationRepository(database),
    waste: new WasteRepository(database),
    workerRefusals: new WorkerRefusalRepository(database),
    pins: new BlobPins(database),
    references: new ReferenceRepository(database),
  };
}
