// Deleting: what still needs it, what goes with it, and a submission at the same moment.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultProject } from '../../src/experiment/id.ts';
import {
  beginTraining,
  call,
  commitCheckpoint,
  expectProblem,
  startService,
  submissionOf,
  uploadDataset,
  type Service,
} from './fixture.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const end = (experimentId: string) =>
  service.repositories.transitions.recordTransition({
    projectId: defaultProject,
    experimentId,
    sequence: 9,
    state: 'cancelled',
    error: null,
  });

async function submit(payload: object, headers = {}): Promise<string> {
  const response = await call(service, 'POST', '/experiments', { payload, headers });
  expect(response.statusCode).toBe(201);
  return response.json<{ id: string }>().id;
}

describe('a deletion', () => {
  it('of an experiment waits for its end, and takes its idempotency key along', async () => {
    const payload = submissionOf(await uploadDataset(service));
    const headers = { 'idempotency-key': 'deleted' };
    const id = await submit(payload, headers);
    expectProblem(await call(service, 'DELETE', `/experiments/${id}`), 409, 'transition_not_allowed');
    await end(id);
    const deleted = await call(service, 'DELETE', `/experiments/${id}`);
    expect([deleted.statusCode, deleted.body]).toEqual([204, '']);
    expectProblem(await call(service, 'GET', `/experiments/${id}`), 404, 'not_found');
    expectProblem(await call(service, 'DELETE', `/experiments/${id}`), 404, 'not_found');
    const again = await submit(payload, headers);
    expect(again).not.toBe(id);
    await end(again);
  });

  it('of an experiment waits for the end of one that begins with its checkpoint', async () => {
    const holder = await beginTraining(service);
    const config = {
      model_type: 'bert',
      vocab_size: 30,
      hidden_size: 8,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      intermediate_size: 16,
      max_position_embeddings: 512,
      type_vocab_size: 2,
    };
    await commitCheckpoint(service, holder, 10, { config });
    await end(holder.experimentId);
    const model = { experiment: holder.experimentId, step: 10 };
    const heir = await submit({ ...submissionOf(await uploadDataset(service)), model });
    const path = `/experiments/${holder.experimentId}`;
    expectProblem(await call(service, 'DELETE', path), 409, 'in_use');
    await end(heir);
    expect((await call(service, 'DELETE', path)).statusCode).toBe(204);
  });

  it('of a dataset waits for the end of the experiments that use it', async () => {
    const dataset = await uploadDataset(service);
    const id = await submit(submissionOf(dataset));
    expectProblem(await call(service, 'DELETE', `/datasets/${dataset}`), 409, 'in_use');
    await end(id);
    expect((await call(service, 'DELETE', `/datasets/${dataset}`)).statusCode).toBe(204);
    expectProblem(await call(service, 'GET', `/datasets/${dataset}`), 404, 'not_found');
    expect((await call(service, 'GET', `/experiments/${id}`)).statusCode).toBe(200);
    expectProblem(await call(service, 'DELETE', '/datasets/ds_none'), 404, 'not_found');
    expectProblem(await call(service, 'DELETE', '/models/mdl_none'), 404, 'not_found');
  });

  it('of a dataset and a submission at the same moment: one of them is refused', async () => {
    for (let round = 0; round < 15; round += 1) {
      const dataset = await uploadDataset(service);
      const [submitted, deleted] = await Promise.all([
        call(service, 'POST', '/experiments', { payload: submissionOf(dataset) }),
        call(service, 'DELETE', `/datasets/${dataset}`),
      ]);
      expect([
        [201, 409],
        [404, 204],
      ]).toContainEqual([submitted.statusCode, deleted.statusCode]);
      if (submitted.statusCode === 201) await end(submitted.json<{ id: string }>().id);
    }
  });
});
