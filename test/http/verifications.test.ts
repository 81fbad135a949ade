// Verifications of an experiment: asked for, waited for, taken up by a worker, decided, and listed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agrees } from '../../src/experiment/verification.ts';
import type { VerificationBody } from '../../src/http/schemas/verification.ts';
import {
  beginTraining,
  call,
  commitCheckpoint,
  expectProblem,
  startService,
  type Service,
} from './fixture.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const listOf = (id: string, query = '') => call(service, 'GET', `/experiments/${id}/verifications${query}`);

async function ask(experimentId: string, fromStep: number, toStep: number): Promise<VerificationBody> {
  const response = await call(service, 'POST', `/experiments/${experimentId}/verify`, {
    payload: { fromStep, toStep },
  });
  expect(response.statusCode).toBe(202);
  return response.json<VerificationBody>();
}

/** An experiment with a checkpoint. */
async function trained() {
  const holder = await beginTraining(service);
  await commitCheckpoint(service, holder, 25);
  return holder;
}

describe('verifications', () => {
  it('say whether a worker has taken them up, where, and what it found', async () => {
    const { verifications } = service.repositories;
    const { projectId, experimentId } = await trained();
    const { id } = await ask(experimentId, 1, 10);
    const reference = { projectId, experimentId, verificationId: id };
    const now = async () =>
      (
        await call(service, 'GET', `/experiments/${experimentId}/verifications/${id}`)
      ).json<VerificationBody>();
    expect(await now()).toMatchObject({ state: 'running', startedAt: null, host: null, finishedAt: null });
    expect(await verifications.runningOn('a', 10)).toEqual([]);

    await verifications.begin(reference, 'a');
    const { startedAt, ...running } = await now();
    expect(running).toMatchObject({ state: 'running', host: 'a', finishedAt: null });
    expect(await verifications.runningOn('a', 10)).toEqual([id]);
    expect(await verifications.runningOn('b', 10)).toEqual([]);

    await verifications.decide(reference, agrees, 'a');
    await verifications.begin(reference, 'b');
    expect(await now()).toMatchObject({ state: 'agrees', host: 'a', startedAt });
    expect(await verifications.runningOn('a', 10)).toEqual([]);
  });

  it('of one experiment are listed in pages, newest first', async () => {
    const { experimentId } = await trained();
    expect((await listOf(experimentId)).json()).toEqual({ items: [], nextCursor: null });
    const asked: VerificationBody[] = [];
    for (const toStep of [1, 2, 3]) asked.push(await ask(experimentId, 1, toStep));
    const first = (await listOf(experimentId, '?limit=2')).json<{ items: unknown[]; nextCursor: string }>();
    expect(first.items).toEqual([asked[2], asked[1]]);
    const second = await listOf(experimentId, `?limit=2&cursor=${first.nextCursor}`);
    expect(second.json()).toEqual({ items: [asked[0]], nextCursor: null });
    expectProblem(await listOf(experimentId, '?cursor=none'), 400, 'invalid_request');
    expectProblem(await listOf('exp_none'), 404, 'not_found');
  });

  it('of one experiment are at most 20 that are not decided', async () => {
    const { verifications } = service.repositories;
    const [{ projectId, experimentId }, other] = [await trained(), await trained()];
    const asked: string[] = [];
    for (let count = 0; count < 20; count += 1) asked.push((await ask(experimentId, 1, 2)).id);
    const askAgain = () =>
      call(service, 'POST', `/experiments/${experimentId}/verify`, { payload: { fromStep: 1, toStep: 2 } });
    expectProblem(await askAgain(), 409, 'too_many_verifications');
    await ask(other.experimentId, 1, 2);
    const reference = { projectId, experimentId, verificationId: asked[7] ?? '' };
    await verifications.decide(reference, agrees, 'a');
    expect((await askAgain()).statusCode).toBe(202);
    expectProblem(await askAgain(), 409, 'too_many_verifications');
  });
});
