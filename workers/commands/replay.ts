// `npm run replay`: which running workflows would the code of this build break? Ends with 0: none; 1: at least one; 2: unknown.
import { parseArgs } from 'node:util';
import { Client } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { readTemporalConfig } from '../../src/config.ts';
import { CodedError } from '../../src/error.ts';
import type { ReplayedRun } from '../../src/experiment/replay.ts';
import { runningWorkflows, sampleRunningWorkflows } from '../../src/temporal/running-workflows.ts';
import { builtWorkflows, HistoryReplayer } from '../replay/history-replayer.ts';
import { replayRunning } from '../replay/replay-running.ts';
import { runCommand, withTemporal } from './command.ts';

const usage = `Usage: npm run replay -- [--all | --sample N | --workflow ID ...] [--json]
  --all          every running workflow of the namespace (the default)
  --sample N     the N/2 newest and the N/2 oldest running ones
  --workflow ID  these ones, running or not
  --json         one JSON document instead of lines
Variables: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the others of a connection to Temporal.
`;

interface Choice {
  /** `null`: every one. */
  readonly sample: number | null;
  readonly workflowIds: readonly string[];
  readonly json: boolean;
}

/** @throws CodedError `configuration_invalid` when what was asked for is not clear. */
function choiceOf(): Choice {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      sample: { type: 'string' },
      workflow: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  });
  const { all, sample, workflow: workflowIds, json } = values;
  if (Number(all) + Number(sample !== undefined) + Number(workflowIds.length > 0) > 1)
    throw new CodedError('configuration_invalid', 'Only one of --all, --sample and --workflow can be meant.');
  if (sample !== undefined && !/^[1-9]\d{0,5}$/.test(sample))
    throw new CodedError('configuration_invalid', '--sample takes a whole number of at least 1.');
  return { sample: sample === undefined ? null : Number(sample), workflowIds, json };
}

async function replayChosen({ sample, workflowIds }: Choice): Promise<readonly ReplayedRun[]> {
  const config = readTemporalConfig();
  return withTemporal(config, async (connection) => {
    const client = new Client({ connection, namespace: config.namespace });
    const replayer = new HistoryReplayer(builtWorkflows);
    if (workflowIds.length === 0) {
      const chosen =
        sample === null ? runningWorkflows(client) : await sampleRunningWorkflows(client, sample);
      return replayRunning(client, replayer, chosen);
    }
    const runs = await replayRunning(
      client,
      replayer,
      workflowIds.map((workflowId) => ({ workflowId })),
    );
    const unknown = workflowIds.filter((id) => !runs.some(({ workflowId }) => workflowId === id));
    if (unknown.length > 0)
      throw new CodedError('not_found', `Temporal does not know ${unknown.join(', ')}.`);
    return runs;
  });
}

function reportOf(runs: readonly ReplayedRun[]): string {
  const lines = runs.map(({ workflowId, type, events, reason }) =>
    reason === null
      ? `ok      ${workflowId}  ${type}, ${events} events`
      : `BREAKS  ${workflowId}  ${type}, ${events} events: ${reason}`,
  );
  const broken = runs.filter(({ deterministic }) => !deterministic).length;
  return [...lines, `${runs.length} workflows replayed, ${broken} would break`].join('\n');
}

async function replay(): Promise<number> {
  // What the SDK says of a workflow that breaks is said here in one line.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
  const choice = choiceOf();
  const runs = await replayChosen(choice);
  const broken = runs.filter(({ deterministic }) => !deterministic).length;
  process.stdout.write(
    `${choice.json ? JSON.stringify({ replayed: runs.length, broken, workflows: runs }, null, 2) : reportOf(runs)}\n`,
  );
  return broken === 0 ? 0 : 1;
}

const status = await runCommand(usage, replay);
// The SDK’s runtime would keep the process alive; what was written goes out first.
process.stdout.write('', () => process.exit(status));
