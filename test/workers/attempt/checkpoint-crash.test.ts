// A crash at every single operation of keeping a checkpoint: readers see the old one or the new one, and the next writer gets to the
// same end. The operations are found by counting what the code asks of files, of S3 and of PostgreSQL, not by a list.
import { mkdtempSync } from 'node:fs';
import type * as FilePromises from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BlobPins } from '../../../src/database/blob-pins.ts';
import { CheckpointRepository } from '../../../src/database/checkpoint-repository.ts';
import type { Database } from '../../../src/database/client.ts';
import { LedgerRepository } from '../../../src/database/ledger-repository.ts';
import type { LeaseHolder } from '../../../src/database/experiment-lock.ts';
import type { ExperimentReference } from '../../../src/experiment/activity.ts';
import { sha256Of } from '../../../src/storage/blob-store.ts';
import {
  encodeCheckpointManifest,
  type CheckpointManifest,
} from '../../../src/storage/checkpoint-manifest.ts';
import { CheckpointStore } from '../../../src/storage/checkpoint-store.ts';
import { DirectoryStore } from '../../../src/storage/directory-store.ts';
import { emptyLedgerHash } from '../../../src/storage/ledger-hash.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { projectBlobs } from '../../../src/storage/project-blobs.ts';
import { awsCalls } from '../../../src/storage/s3-client.ts';
import { S3Store } from '../../../src/storage/s3-store.ts';
import type { StepRecord, TrainingState } from '../../../src/training/job.ts';
import { CheckpointWriter } from '../../../workers/attempt/checkpoint-writer.ts';
import { StepRecorder } from '../../../workers/attempt/step-recorder.ts';
import { lastIntactCheckpoint } from '../../../workers/preparation/last-intact-checkpoint.ts';
import { noTimes, profileOf, submit, useDatabase } from '../../database/fixture.ts';
import { DatabaseModel } from '../../simulation/database-model.ts';
import { initialState, nextStep, stateHash } from '../../simulation/engine.ts';
import { findVersitygw, openS3, type TestS3 } from '../../storage/stores.ts';
import { manifestFrame } from '../preparation/manifest-frame.ts';
import { crashing, crashingDatabase, CrashPlan, type CrashMoment } from './crash-plan.ts';

const files = vi.hoisted((): { plan: CrashPlan | undefined } => ({ plan: undefined }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const { crashingFiles } = await import('./crash-plan.ts');
  return crashingFiles(await importOriginal<typeof FilePromises>(), () => files.plan);
});

const oldStep = 4;
const newStep = 7;
const versitygw = findVersitygw();
const opened = useDatabase();
const log = pino({ level: 'silent' });
const patience = {
  heartbeat: () => undefined,
  pause: () => Promise.resolve(),
  stopping: new AbortController().signal,
};

const retention = {
  settings: { checkpoint: { keepLast: 10, keepBest: false }, earlyStopping: null },
  firstStep: 0,
};

type WriterParts = ConstructorParameters<typeof CheckpointWriter>[0];
type Writer = Pick<CheckpointWriter, 'write'>;

/** A store for one run; each has nothing of another's, or its blobs would be there already. */
interface Place {
  open(plan?: CrashPlan): ObjectStore;
  close(): Promise<void>;
}

/** The rows of one experiment. */
interface Rows extends ExperimentRows {
  readonly reference: ExperimentReference;
  begin(): Promise<LeaseHolder>;
  /** The same rows, as a process sees them that crashes. */
  crashing(plan: CrashPlan): ExperimentRows;
}

type ExperimentRows = Pick<CheckpointRepository, 'commitCheckpoint' | 'listCheckpoints'> &
  Pick<LedgerRepository, 'recordSteps' | 'ledger'> & {
    pin(sha256s: readonly string[]): Promise<void>;
  };

interface Kind {
  readonly place: () => Place;
  readonly rows: () => Promise<Rows>;
  readonly moments: readonly CrashMoment[];
  readonly writer: (parts: WriterParts) => Writer;
}

function directoryPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-crash-'));
  return {
    open(plan) {
      files.plan = plan;
      return new DirectoryStore(folder);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function rowsIn(database: Database): ExperimentRows {
  const checkpoints = new CheckpointRepository(database);
  const ledger = new LedgerRepository(database);
  return {
    commitCheckpoint: (...given) => checkpoints.commitCheckpoint(...given),
    listCheckpoints: (...given) => checkpoints.listCheckpoints(...given),
    recordSteps: (...given) => ledger.recordSteps(...given),
    ledger: (...given) => ledger.ledger(...given),
    pin: new BlobPins(database).forUpload('default'),
  };
}

const attempt = { profile: profileOf(1), threads: 1, provider: 'cpu', startStep: 0 };

async function postgresRows(): Promise<Rows> {
  const reference = await submit(opened.repositories);
  const { attempts } = opened.repositories;
  return {
    ...rowsIn(opened.database),
    reference,
    async begin() {
      const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'host' });
      await attempts.setAttemptProfile(holder, attempt);
      return holder;
    },
    crashing: (plan) => rowsIn(crashingDatabase(opened.database, plan)),
  };
}

/** Rows in the model that is held against PostgreSQL: for crashes elsewhere. */
function modelRows(): Promise<Rows> {
  const model = new DatabaseModel();
  const reference = { projectId: 'default', experimentId: 'exp_1' };
  const answer = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(work()));
  const rows: ExperimentRows = {
    commitCheckpoint: (...given) => answer(() => model.commitCheckpoint(...given)),
    listCheckpoints: (_reference, range) =>
      answer(() => model.listCheckpoints(range).map((row) => ({ ...row, createdAt: new Date(0) }))),
    recordSteps: (holder, { steps }) => answer(() => model.recordSteps(holder, steps)),
    ledger: () => answer(() => model.ledger),
    pin: () => Promise.resolve(),
  };
  return Promise.resolve({
    ...rows,
    reference,
    begin() {
      const holder = { ...reference, lease: model.beginAttempt(), token: '' };
      model.setAttemptProfile(holder, attempt);
      return Promise.resolve(holder);
    },
    crashing: (plan) => crashing(rows, 'rows', () => plan),
  });
}

/** Keeps the steps up to `last` and the state after them, as an attempt does. */
async function keep(
  parts: { readonly store: ObjectStore; readonly rows: ExperimentRows; readonly holder: LeaseHolder },
  start: TrainingState,
  ledger: CheckpointManifest['ledger'],
  last: number,
  makeWriter: Kind['writer'] = (given) => new CheckpointWriter(given),
) {
  const { store, rows, holder } = parts;
  const recorder = new StepRecorder({
    ledger: rows,
    holder,
    totalSteps: newStep,
    stepsAnEpoch: newStep,
    start: ledger,
    patience,
    times: () => noTimes,
  });
  const records: StepRecord[] = [];
  let state = start;
  while (state.step < last) {
    const next = nextStep(state);
    records.push(next.record);
    state = next.state;
  }
  if (records.length > 0) await recorder.add(records, 0);
  await recorder.flush();
  const writer = makeWriter({
    blobs: projectBlobs(store, holder.projectId),
    manifests: new CheckpointStore(store, holder.projectId),
    rows,
    holder,
    frame: manifestFrame(holder.experimentId, { ...profileOf(1) }),
    retention,
    pin: (sha256s) => rows.pin(sha256s),
    patience,
    onProgress: () => undefined,
  });
  await writer.write(state, recorder.position);
}

async function read(place: Place, rows: Rows) {
  const store = place.open();
  const { reference } = rows;
  const found = await lastIntactCheckpoint(
    {
      rows,
      manifests: new CheckpointStore(store, reference.projectId),
      blobs: projectBlobs(store, reference.projectId),
      log,
    },
    reference,
    () => undefined,
  );
  const [newest] = await rows.listCheckpoints(reference, { limit: 1 });
  if (found === undefined || newest === undefined) throw new Error('no checkpoint is there');
  // Going back to one before would hide that the newest is torn.
  return { ...found, isNewest: newest.id === found.id };
}

const stateAt = (step: number): TrainingState => {
  let state = initialState();
  while (state.step < step) state = nextStep(state).state;
  return state;
};
const hashes = { old: stateHash(stateAt(oldStep)), new: stateHash(stateAt(newStep)) };

/** What an experiment ended with, without its name. */
async function ending(place: Place, rows: Rows): Promise<string> {
  const { manifest, state, isNewest } = await read(place, rows);
  const steps = await rows.ledger(rows.reference, { fromStep: 1, limit: 100 });
  const records = steps.map(({ lease: _lease, ...record }) => record);
  return JSON.stringify([{ ...manifest, experimentId: '' }, stateHash(state), isNewest, records]);
}

/** One run with a crash. @returns the operations that were asked for, what was wrong, and what a reader saw. */
async function crashOnce(kind: Kind, at: number, moment: CrashMoment, expected?: string) {
  const place = kind.place();
  const plan = new CrashPlan(at, moment);
  try {
    const rows = await kind.rows();
    const holder = await rows.begin();
    const nothing = { steps: 0, sha256: emptyLedgerHash };
    await keep({ store: place.open(), rows, holder }, initialState(), nothing, oldStep);
    const old = await read(place, rows);

    const parts = { store: place.open(plan), rows: rows.crashing(plan), holder };
    const isKept = await keep(parts, old.state, old.manifest.ledger, newStep, kind.writer).then(
      () => true,
      (error: unknown) => {
        if (!plan.hasCrashed) throw error;
        return false;
      },
    );
    files.plan = undefined;
    await plan.end();

    const found = await read(place, rows);
    const hash = stateHash(found.state);
    const seen: 'old' | 'new' | 'mixed' = hash === hashes.new ? 'new' : hash === hashes.old ? 'old' : 'mixed';
    const label = `${moment} ${plan.labels[at] ?? 'the end'} (${at})`;
    const faults: string[] = [];
    if (seen === 'mixed' || !found.isNewest) faults.push(`${label}: a reader sees something torn`);
    if (isKept && seen !== 'new') faults.push(`${label}: what was kept is not seen`);

    const next = { store: place.open(), rows, holder: await rows.begin() };
    await keep(next, found.state, found.manifest.ledger, newStep);
    const end = await ending(place, rows);
    if (expected !== undefined && end !== expected) faults.push(`${label}: the next writer ends otherwise`);
    return { labels: plan.labels, faults, seen, end };
  } finally {
    files.plan = undefined;
    await place.close();
  }
}

/** A crash at each operation and moment. */
async function enumerate(kind: Kind) {
  const undisturbed = await crashOnce(kind, -1, 'before');
  expect(undisturbed.faults).toEqual([]);
  const { labels } = undisturbed;
  const faults: string[] = [];
  const seen = { old: 0, new: 0, mixed: 0 };
  for (const [at, label] of labels.entries())
    for (const moment of kind.moments) {
      if (moment === 'halfway' && label !== 'file write') continue;
      const crashed = await crashOnce(kind, at, moment, undisturbed.end);
      // Up to the crash it went as in the undisturbed run, or another operation than the one meant was hit.
      expect(crashed.labels.slice(0, at + 1)).toEqual(labels.slice(0, at + 1));
      faults.push(...crashed.faults);
      seen[crashed.seen] += 1;
    }
  return { labels, faults, seen };
}

const realWriter = (parts: WriterParts): Writer => new CheckpointWriter(parts);

/** A place whose own operations are no points. */
const quiet = (place: Place): Place => ({ open: () => place.open(), close: () => place.close() });

function countOf(labels: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

describe('a crash while a checkpoint is kept leaves the old one or the new one', () => {
  it('at any operation on files', async () => {
    const { labels, faults, seen } = await enumerate({
      place: directoryPlace,
      rows: modelRows,
      moments: ['before', 'halfway', 'after'],
      writer: realWriter,
    });
    expect(faults).toEqual([]);
    // Three blobs and a manifest, each written, flushed and published; steps and row, each a transaction.
    expect(countOf(labels)).toEqual({
      'rows recordSteps': 1,
      'rows commitCheckpoint': 1,
      'rows pin': 4,
      'file stat': 3,
      'file mkdir': 8,
      'file open': 11,
      'file write': 4,
      'file sync': 11,
      'file close': 11,
      'file rename': 3,
      'file link': 1,
      'file rm': 4,
    });
    // The new one from the commit of its row on, which is the last operation.
    expect(seen).toEqual({ old: 2 * labels.length + 4 - 1, new: 1, mixed: 0 });
  }, 60_000);

  it('at any statement of PostgreSQL', async () => {
    const { labels, faults, seen } = await enumerate({
      place: () => quiet(directoryPlace()),
      rows: postgresRows,
      moments: ['before', 'after'],
      writer: realWriter,
    });
    expect(faults).toEqual([]);
    expect(countOf(labels)).toMatchObject({ transaction: 2, commit: 2 });
    expect(labels.length).toBeGreaterThan(12);
    expect(seen).toEqual({ old: 2 * labels.length - 1, new: 1, mixed: 0 });
  }, 120_000);

  describe.skipIf(versitygw === undefined)('in S3', () => {
    let s3: TestS3;
    beforeAll(async () => {
      s3 = await openS3(versitygw ?? '');
    });
    afterAll(() => s3.close());

    it('at any call', async () => {
      let runs = 0;
      const place = (): Place => {
        const prefix = `run-${(runs += 1)}/`;
        const calls = awsCalls(s3.client, 'bucket');
        return {
          open: (plan) => new S3Store(plan ? crashing(calls, 's3', () => plan) : calls, prefix),
          close: () => Promise.resolve(),
        };
      };
      const { labels, faults, seen } = await enumerate({
        place,
        rows: modelRows,
        moments: ['before', 'after'],
        writer: realWriter,
      });
      expect(faults).toEqual([]);
      expect(labels.filter((label) => label.startsWith('s3 put'))).toHaveLength(4);
      expect(seen).toEqual({ old: 2 * labels.length - 1, new: 1, mixed: 0 });
    }, 60_000);
  });

  it('and is told when a row is committed before its manifest', async () => {
    const rowFirst = (parts: WriterParts): Writer => {
      const { manifests, rows } = parts;
      let publish = (): Promise<unknown> => Promise.resolve();
      const later = {
        publish(manifest: CheckpointManifest) {
          publish = () => manifests.publish(manifest);
          const id = sha256Of(encodeCheckpointManifest(manifest));
          return Promise.resolve({ id, stateSha256: id });
        },
      };
      return new CheckpointWriter({
        ...parts,
        manifests: later as unknown as CheckpointStore,
        rows: {
          async commitCheckpoint(...given) {
            await rows.commitCheckpoint(...given);
            await publish();
          },
        },
      });
    };
    const { faults } = await enumerate({
      place: directoryPlace,
      rows: modelRows,
      moments: ['after'],
      writer: rowFirst,
    });
    expect(faults.some((fault) => fault.includes('something torn'))).toBe(true);
  }, 120_000);
});
