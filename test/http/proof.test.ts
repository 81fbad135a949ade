// What a proof says of an experiment, and when there is none.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileOf, noTimes, progressAt, stepsFrom } from '../database/fixture.ts';
import {
  beginTraining,
  call,
  commitCheckpoint,
  expectProblem,
  startService,
  submitExperiment,
  type Service,
} from './fixture.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const proofOf = (id: string, query = '') => call(service, 'GET', `/experiments/${id}/proof${query}`);

describe('a proof', () => {
  it('names the checkpoint of the result, its hashes, and the profile of each segment of the ledger', async () => {
    const { attempts, ledger } = service.repositories;
    const first = await beginTraining(service);
    const { projectId, experimentId } = first;
    await commitCheckpoint(service, first, 25);
    const second = await attempts.beginAttempt({ projectId, experimentId, phase: 'training', host: 'b' });
    const profile = profileOf(4);
    await attempts.setAttemptProfile(second, { profile, threads: 4, provider: 'cpu', startStep: 25 });
    await ledger.recordSteps(second, { steps: stepsFrom(26, 10), progress: progressAt(35), times: noTimes });
    await commitCheckpoint(service, second, 30);
    const { latestCheckpoint } = await service.repositories.experiments.require(second);
    const id = latestCheckpoint?.id ?? '';
    const manifest = await service.checkpoints.read(experimentId, 30, id);
    const response = await proofOf(experimentId);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      formatVersion: 1,
      experimentId,
      checkpoint: { step: 30, id },
      specSha256: manifest.specSha256,
      snapshotSha256: manifest.snapshotSha256,
      segments: [
        { fromStep: 1, profile: profileOf(2) },
        { fromStep: 26, profile },
      ],
      versions: {
        onnxruntime: profile.onnxruntimeVersion,
        checkpointFormat: 2,
        ledgerFormat: 1,
      },
      ledgerSha256: manifest.ledger.sha256,
      weightsSha256: manifest.blobs.parameters.sha256,
    });
  });

  it('of an experiment without a checkpoint, and of an unknown experiment, is refused', async () => {
    const id = await submitExperiment(service);
    expectProblem(await proofOf(id), 409, 'no_checkpoint');
    expectProblem(await proofOf(id, '?bundle=true'), 409, 'no_checkpoint');
    expectProblem(await proofOf('exp_none'), 404, 'not_found');
  });
});
