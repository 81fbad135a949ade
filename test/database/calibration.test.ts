// What workers tell of their speed, from the engine's events to what estimates read.
import { expect, it } from 'vitest';
import { CalibrationRepository } from '../../src/database/calibration-repository.ts';
import { trainedSizes } from '../../src/estimate/time.ts';
import { createLogger } from '../../src/log.ts';
import { sha256Of } from '../../src/storage/blob-store.ts';
import { canonicalJson } from '../../src/json/canonical-json.ts';
import type { NumericProfile, StepRecord } from '../../src/training/job.ts';
import { CalibrationRecorder, calibratedJob, thisMachine } from '../../workers/attempt/calibration.ts';
import { tinyJob } from '../training/tiny-task.ts';
import { useDatabase } from './fixture.ts';

const opened = useDatabase();
const log = createLogger('test', 'silent');
const profile: NumericProfile = {
  onnxruntimeVersion: '1.30.0',
  provider: 'cpu',
  instructionSet: 'avx2',
  threads: 2,
  graphSha256: 'sha256:0',
};

function stepsOf(count: number, tokens: number): StepRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    step: index + 1,
    lossBits: 0,
    gradientNormBits: 0,
    learningRate: 1e-3,
    examples: 8,
    tokens,
  }));
}

function recorderOf(host: string, clock: { seconds: number }, repository: CalibrationRepository) {
  const job = calibratedJob(tinyJob());
  const machine = { ...thisMachine(host), memoryLimitBytes: 6_000_000_000 };
  const nowMilliseconds = (): number => clock.seconds * 1000;
  return {
    job,
    recorder: new CalibrationRecorder({ calibrations: repository, machine, job, log, nowMilliseconds }),
  };
}

it('an attempt records its speed once its second run is done, the first run left out', async () => {
  const repository = new CalibrationRepository(opened.database);
  const { job, recorder } = recorderOf('first', { seconds: 0 }, repository);
  recorder.begin(profile);
  await recorder.add(stepsOf(1, 60), 9);
  expect(await repository.latest(10)).toEqual([]);
  await recorder.add(stepsOf(4, 60), 2);
  const [row] = await repository.latest(10);
  expect(row).toMatchObject({
    host: 'first',
    threads: 2,
    provider: 'cpu',
    onnxruntimeVersion: '1.30.0',
    memoryLimitBytes: 6_000_000_000,
    stepSeconds: 0.5,
    slotsPerStep: 60,
    sizesSha256: sha256Of(canonicalJson(trainedSizes(job.training))),
  });
  expect(row?.workload.denseOperations).toBeGreaterThan(0);
});

it('an attempt records at most once a minute, and when it ends', async () => {
  const repository = new CalibrationRepository(opened.database);
  const clock = { seconds: 100 };
  const { recorder } = recorderOf('second', clock, repository);
  const seconds = async (): Promise<number | undefined> =>
    (await repository.latest(10)).find(({ host }) => host === 'second')?.stepSeconds;
  recorder.begin(profile);
  await recorder.add(stepsOf(1, 60), 9);
  await recorder.add(stepsOf(1, 60), 1);
  clock.seconds += 59;
  await recorder.add(stepsOf(1, 60), 3);
  expect(await seconds()).toBe(1);
  clock.seconds += 1;
  await recorder.add(stepsOf(1, 60), 5);
  expect(await seconds()).toBe(3);
  await recorder.add(stepsOf(1, 60), 7);
  expect(await seconds()).toBe(3);
  await recorder.record();
  expect(await seconds()).toBe(4);
});

it('the latest of a host and its sizes is kept, and the latest of all comes first', async () => {
  const repository = new CalibrationRepository(opened.database);
  const [row] = await repository.latest(1);
  if (row === undefined) throw new Error('nothing was recorded');
  const { recordedAt: _recordedAt, ...calibration } = row;
  const before = (await repository.latest(100)).length;
  await repository.record({ ...calibration, stepSeconds: 42 });
  await repository.record({ ...calibration, host: 'third', stepSeconds: 43 });
  const rows = await repository.latest(100);
  expect(rows.map(({ stepSeconds }) => stepSeconds).slice(0, 2)).toEqual([43, 42]);
  expect(rows).toHaveLength(before + 1);
});

it('one of a machine that is long gone is forgotten', async () => {
  const repository = new CalibrationRepository(opened.database);
  const [row] = await repository.latest(1);
  if (row === undefined) throw new Error('nothing was recorded');
  const { recordedAt: _recordedAt, ...calibration } = row;
  await repository.record({ ...calibration, host: 'gone' });
  await opened.database.run(
    (queries) =>
      queries.$executeRaw`UPDATE calibration SET recorded_at = now() - interval '181 days' WHERE host = 'gone'`,
  );
  await repository.record(calibration);
  expect((await repository.latest(100)).map(({ host }) => host)).not.toContain('gone');
});

it('an attempt goes on when its speed cannot be recorded', async () => {
  const calibrations = { record: () => Promise.reject(new Error('the database is away')) };
  const recorder = new CalibrationRecorder({
    calibrations,
    machine: thisMachine('fourth'),
    job: calibratedJob(tinyJob()),
    log,
    nowMilliseconds: () => 0,
  });
  recorder.begin(profile);
  await recorder.add(stepsOf(1, 60), 1);
  await expect(recorder.add(stepsOf(1, 60), 1)).resolves.toBeUndefined();
});

it('the machine tells its processor and how much memory a process may use', () => {
  const { processor, memoryLimitBytes } = thisMachine('here');
  expect(processor).not.toBe('');
  expect(memoryLimitBytes).toBeGreaterThan(100e6);
});
