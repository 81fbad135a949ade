// Steps and attempts of an experiment with a pretraining are told apart by phase.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { profileOf } from '../database/fixture.ts';
import { beginTraining, call, startService, submissionOf, uploadDataset, type Service } from './fixture.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

/** Its snapshot has 40 rows: of a batch of 8, five steps an epoch. */
async function submitted(training: object): Promise<string> {
  const payload = { ...submissionOf(await uploadDataset(service)), training };
  const created = await call(service, 'POST', '/experiments', { payload });
  const { id } = created.json<{ id: string }>();
  const reference = { projectId: 'default', experimentId: id };
  const holder = await service.repositories.attempts.beginAttempt({
    ...reference,
    phase: 'preparing',
    host: 'h',
  });
  await service.repositories.results.setSnapshot(holder, {
    id: 'snap_1',
    sha256: `sha256:${'0'.repeat(64)}`,
    rows: { train: 40, evaluation: 2, leftOut: 0 },
    labels: ['0', '1'],
    tokens: 9,
  });
  return id;
}

async function attemptAt(experimentId: string, startStep: number | null): Promise<void> {
  const reference = { projectId: 'default', experimentId };
  const { attempts } = service.repositories;
  const holder = await attempts.beginAttempt({ ...reference, phase: 'training', host: 'h' });
  if (startStep === null) return;
  await attempts.setAttemptProfile(holder, { profile: profileOf(2), threads: 2, provider: 'cpu', startStep });
}

const read = async <T>(id: string, what: string): Promise<readonly T[]> =>
  (await call(service, 'GET', `/experiments/${id}/${what}`)).json<{ items: T[] }>().items;

it('curves say where pretraining ends, and attempts which phase they train', async () => {
  const id = await submitted({ batchSize: 8, pretraining: { epochs: 3 } });
  await beginTraining(service, id);
  for (const startStep of [14, 15, 20, null]) await attemptAt(id, startStep);
  const phases = (await read<{ phase: string | null }>(id, 'attempts')).map(({ phase }) => phase);
  expect(phases).toEqual(['pretraining', 'pretraining', 'training', 'training', null]);
  for (const curve of await read<{ phases: object[] }>(id, 'metrics'))
    expect(curve.phases).toEqual([
      { phase: 'pretraining', fromStep: 1, toStep: 15 },
      { phase: 'training', fromStep: 16, toStep: null },
    ]);
});

it('without a pretraining there is one phase, and curves name none', async () => {
  const id = await submitted({ batchSize: 8 });
  await beginTraining(service, id);
  await attemptAt(id, null);
  const phases = (await read<{ phase: string | null }>(id, 'attempts')).map(({ phase }) => phase);
  expect(phases).toEqual(['training', 'training']);
  for (const curve of await read<object>(id, 'metrics'))
    expect(Object.keys(curve)).toEqual(['name', 'points']);
});
