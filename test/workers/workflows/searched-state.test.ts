// The state that Temporal's own search knows, kept by the workflow; records its history.
import { TypedSearchAttributes } from '@temporalio/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogger } from '../../../src/log.ts';
import { registerSearchAttributes } from '../../../src/temporal/search-attributes.ts';
import { startTemporal, type TestTemporal } from '../../temporal-server.ts';
import { record } from './record-history.ts';
import { runScenario } from './workflow-harness.ts';

const state = { name: 'ExperimentState', type: 'KEYWORD' } as const;

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

it('is left alone in a workflow that was started without it, as where nobody registered it', async () => {
  await runScenario(temporal, {}, async ({ handle }) => {
    expect(await handle.result()).toMatchObject({ state: 'succeeded' });
    const { typedSearchAttributes } = await handle.describe();
    expect(typedSearchAttributes.get(state)).toBeUndefined();
  });
});

it('follows the experiment to its end', async () => {
  await registerSearchAttributes(temporal.client.connection, 'default', createLogger('test', 'silent'));
  const known: (string | undefined)[] = [];
  const searched = new TypedSearchAttributes([{ key: state, value: 'queued' }]);
  await runScenario(
    temporal,
    {},
    async ({ handle }) => {
      await handle.result();
      const { events } = await handle.fetchHistory();
      for (const { upsertWorkflowSearchAttributesEventAttributes: upsert } of events ?? []) {
        const data = upsert?.searchAttributes?.indexedFields?.[state.name]?.data;
        if (data) known.push(Buffer.from(data).toString('utf8'));
      }
      const { typedSearchAttributes } = await handle.describe();
      expect(typedSearchAttributes.get(state)).toBe('succeeded');
      await record('searched', temporal, handle.workflowId);
    },
    { typedSearchAttributes: searched },
  );
  expect(known).toEqual(['preparing', 'training', 'evaluating', 'succeeded'].map((name) => `"${name}"`));
});
