// Submitting exactly once, and lists that stay stable while experiments are added.
import { beforeAll, describe, expect, it } from 'vitest';
import { newExperimentId } from '../../src/experiment/id.ts';
import { addSources, projectId, specOf, submit, useDatabase } from './fixture.ts';

const opened = useDatabase();

beforeAll(async () => {
  for (const project of [projectId, 'listed']) await addSources(opened.repositories, project);
});

const createWith = (key: string, bodySha256: string) =>
  opened.repositories.experiments.create({
    projectId,
    id: newExperimentId(),
    spec: specOf(),
    idempotency: { key, bodySha256 },
    respond: (record) => JSON.stringify({ id: record.id }),
  });

describe('submitting', () => {
  it('makes one experiment of 50 submissions with the same key at once, and answers all alike', async () => {
    const results = await Promise.all(Array.from({ length: 50 }, () => createWith('same', 'body')));
    expect(new Set(results.map(({ response }) => response)).size).toBe(1);
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const count = await opened.database.run((queries) => queries.idempotencyKey.count());
    expect(count).toBe(1);
    expect(await opened.database.run((queries) => queries.experiment.count())).toBe(1);
  });

  it('refuses a key that comes with another body', async () => {
    await createWith('other body', 'first');
    await expect(createWith('other body', 'second')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('forgets a key after 24 hours', async () => {
    const first = await createWith('old', 'body');
    await opened.database.run(
      (queries) =>
        queries.$executeRaw`UPDATE idempotency_key SET created_at = now() - interval '24 hours 1 second' WHERE key = 'old'`,
    );
    const second = await createWith('old', 'other body');
    expect(second).toMatchObject({ replayed: false });
    expect(second.experimentId).not.toBe(first.experimentId);
  });

  it('writes the experiment, its first event and the order to start it together', async () => {
    const reference = await submit(opened.repositories);
    const record = await opened.repositories.experiments.require(reference);
    expect(record).toMatchObject({
      state: 'queued',
      attempts: 0,
      latestCheckpoint: null,
      startDelayed: false,
    });
    expect(record.spec).toEqual(specOf());
    const events = await opened.repositories.events.eventsAfter(reference, 0, 10);
    expect(events).toMatchObject([{ number: 1, type: 'created' }]);
    const orders = await opened.database.run((queries) => queries.outbox.findMany({ where: reference }));
    expect(orders).toMatchObject([{ kind: 'start', attempts: 0 }]);
  });

  it('does not show an experiment to another project', async () => {
    const { experimentId } = await submit(opened.repositories);
    const other = { projectId: 'other', experimentId };
    expect(await opened.repositories.experiments.get(other)).toBeUndefined();
    await expect(opened.repositories.requests.request(other, 'cancel')).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('listing', () => {
  const names = async (filter: object, sort: '-createdAt' | 'createdAt' = 'createdAt'): Promise<string[]> => {
    const page = await opened.repositories.experiments.list('listed', filter, { limit: 200, sort });
    return page.items.map(({ name }) => name);
  };
  const add = (name: string, tags: string[] = []) =>
    opened.repositories.experiments.create({
      projectId: 'listed',
      id: newExperimentId(),
      spec: specOf(name, tags),
      idempotency: null,
      respond: () => '',
    });

  it('shows each experiment once over all pages while others are added, also at equal times', async () => {
    for (let index = 0; index < 7; index++) await add(`page ${index}`);
    await opened.database.run(
      (queries) =>
        queries.$executeRaw`UPDATE experiment SET created_at = '2026-01-01Z' WHERE project_id = 'listed'`,
    );
    for (const sort of ['-createdAt', 'createdAt'] as const) {
      const all = await opened.repositories.experiments.list(
        'listed',
        { name: 'page' },
        { limit: 200, sort },
      );
      const seen: string[] = [];
      let cursor: string | null | undefined;
      do {
        const options = { limit: 3, sort, ...(cursor && { cursor }) };
        const page = await opened.repositories.experiments.list('listed', { name: 'page' }, options);
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
        if (sort === '-createdAt') await add('page, added between');
      } while (cursor);
      expect(seen).toEqual(all.items.map(({ id }) => id));
      expect(new Set(seen).size).toBe(seen.length);
    }
  });

  it('filters by tag, state, time and a part of the name in which % and _ mean themselves', async () => {
    await add('100%_sure', ['nightly']);
    await add('100 unsure');
    expect(await names({ name: '0%_S' })).toEqual(['100%_sure']);
    expect(await names({ tag: 'nightly' })).toEqual(['100%_sure']);
    expect(await names({ state: 'training' })).toEqual([]);
    expect(await names({ name: '100', createdAfter: new Date('2026-06-01') })).toHaveLength(2);
    expect(await names({ createdBefore: new Date('2026-01-01T00:00:00.001Z') })).toHaveLength(7);
  });

  it('refuses a cursor that no list gave', async () => {
    const list = opened.repositories.experiments.list(
      'listed',
      {},
      { limit: 1, sort: 'createdAt', cursor: 'AAAA' },
    );
    await expect(list).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
