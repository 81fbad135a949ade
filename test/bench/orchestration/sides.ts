// One experiment of each side, from its submission to its end as its user sees it.
import type { Client as TemporalClient } from '@temporalio/client';
import { createClient, type Dataset } from '../../../openapi/client.ts';
import { newExperimentId } from '../../../src/experiment/id.ts';
import { bareQueueOf } from './queues.ts';

/** Runs one experiment. @returns seconds from before its submission until its end is known. */
export type Side = () => Promise<number>;

/** Through the project's API: submitted by POST, then followed by its long poll until it has succeeded. */
export async function projectSide(url: string): Promise<Side> {
  const client = createClient(url);
  const rows = { name: 'rows.csv', content: 'text,label\none,yes\ntwo,no\n' };
  const dataset: Dataset = await client.uploadDataset({ train: rows, validation: rows });
  const sizes = { layers: 1, hiddenSize: 8, heads: 2, intermediateSize: 16, maxPositions: 8 };
  return async () => {
    const began = performance.now();
    const { id } = await client.submit({
      name: 'nothing',
      model: { scratch: { ...sizes, vocabularySize: 100 } },
      dataset: { id: dataset.id, textField: 'text', labelField: 'label' },
      training: { epochs: 1, maxSequenceLength: 8 },
    });
    const { state, error } = await client.waitForExperiment(id);
    if (state !== 'succeeded') throw new Error(`it ended as ${state}: ${JSON.stringify(error)}`);
    return (performance.now() - began) / 1000;
  };
}

/** Through the bare SDK's client: started, and awaited by the server's own long poll. */
export function bareSide(temporal: TemporalClient): Side {
  return async () => {
    const began = performance.now();
    const experimentId = newExperimentId();
    await temporal.workflow.execute('BareExperiment', {
      workflowId: `bare_${experimentId}`,
      taskQueue: bareQueueOf('coordinator'),
      args: [{ projectId: 'default', experimentId }],
    });
    return (performance.now() - began) / 1000;
  };
}
