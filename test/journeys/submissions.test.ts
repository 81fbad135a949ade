// Many submissions at one moment, over a whole stack: none is refused, none is lost, and each starts exactly once.
// `npm run test:submissions` makes it a thousand.
import { Client as TemporalClient, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type Client, type Dataset, type Experiment } from '../../openapi/client.ts';
import { workflowNames } from '../../src/experiment/name.ts';
import { until } from '../../src/local/until.ts';
import { inDatabase } from './database-client.ts';
import { coordinatorWorkers, exampleSubmission, uploadExample } from './example-experiment.ts';
import { StackProcess } from './stack-process.ts';

const count = Number(process.env['SUBMISSIONS'] ?? 60);
const timeoutSeconds = 60 + count / 2;

let stack: StackProcess;
let client: Client;
let dataset: Dataset;
let connection: Connection;
let temporal: TemporalClient;

beforeAll(async () => {
  // What gets lost must not be found again.
  stack = await StackProcess.start(undefined, { RECONCILE_SECONDS: '0' });
  client = createClient(stack.url);
  dataset = await uploadExample(client, 20);
  const isCoordinated = async (): Promise<boolean> => (await coordinatorWorkers(client)) > 0;
  await until(isCoordinated, { timeoutSeconds: 30, what: 'the coordinator worker' });
  // Nobody prepares, so that nothing is trained.
  stack.signal('evaluation-worker', 'SIGSTOP');
  connection = Connection.lazy({ address: stack.variable('TEMPORAL_ADDRESS') });
  temporal = new TemporalClient({ connection });
});
afterAll(async () => {
  stack.signal('evaluation-worker', 'SIGCONT');
  await connection.close();
  await stack.stopAndRemove();
});

interface Answer {
  readonly status: number;
  readonly isReplay: boolean;
  readonly body: string;
}

async function submit(key: string): Promise<Answer> {
  const response = await fetch(`${stack.url}/experiments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(exampleSubmission(dataset)),
  });
  const isReplay = response.headers.get('idempotency-replayed') === 'true';
  return { status: response.status, isReplay, body: await response.text() };
}

const all = async <T>(work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

const idOf = ({ body }: Answer): string => (JSON.parse(body) as Experiment).id;

/** How many answers there were of each status. */
function statusesOf(answers: readonly Answer[]): Readonly<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return statuses;
}

/** The ids of all experiments in the database. */
async function storedIds(): Promise<string[]> {
  const { rows } = await inDatabase(stack, (postgres) =>
    postgres.query<{ id: string }>('SELECT id FROM experiment ORDER BY id'),
  );
  return rows.map(({ id }) => id);
}

/** The ids of all workflows of experiments, one for each of their runs. */
async function runs(): Promise<string[]> {
  const ids: string[] = [];
  const query = `WorkflowType = '${workflowNames.coordinator}'`;
  for await (const { workflowId } of temporal.workflow.list({ query, pageSize: 1000 })) ids.push(workflowId);
  return ids.toSorted();
}

/** How much Temporal must still be told. */
async function waiting(): Promise<number> {
  const { rowCount } = await inDatabase(stack, (postgres) => postgres.query('SELECT FROM outbox'));
  return rowCount ?? 0;
}

describe(`${count} submissions at one moment`, () => {
  it(
    'with one key are one experiment, and all are answered alike',
    async () => {
      const answers = await all(() => submit('one key'));
      expect(statusesOf(answers)).toEqual({ 201: count });
      expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
      expect(answers.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
      expect(await storedIds()).toEqual([...new Set(answers.map(idOf))]);
    },
    timeoutSeconds * 1000,
  );

  it(
    'with keys of their own, while Temporal is killed, are so many experiments, each started once',
    async () => {
      const before = await storedIds();
      let answered = 0;
      const answers = await all(async (index) => {
        const answer = await submit(`key ${index}`);
        answered += 1;
        if (answered === Math.ceil(count / 3)) expect(stack.signal('temporal', 'SIGKILL')).toBe(true);
        return answer;
      });
      expect(await waiting()).toBeGreaterThan(0);
      expect(statusesOf(answers)).toEqual({ 201: count });
      const expected = [...before, ...new Set(answers.map(idOf))].toSorted();
      expect(expected).toHaveLength(before.length + count);
      expect(await storedIds()).toEqual(expected);
      const areStarted = async (): Promise<boolean> => (await waiting()) === 0;
      await until(areStarted, { timeoutSeconds, what: 'the last start' });
      // Temporal’s list follows what happens with some delay.
      const areListed = async (): Promise<boolean> => (await runs()).length >= expected.length;
      await until(areListed, { timeoutSeconds: 30, what: 'the list of all workflows' });
      expect(await runs()).toEqual(expected);
    },
    timeoutSeconds * 1000,
  );
});
