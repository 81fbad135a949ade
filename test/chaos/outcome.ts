// All that a user can see of how an experiment ended, read over HTTP.
import { createHash } from 'node:crypto';
import type { Client } from '../../openapi/client.ts';
import { attemptsOf, weightsOf } from '../journeys/example-experiment.ts';
import type { Persistence } from './persistence.ts';

const mostCheckpointsRead = 8;

export interface LedgerLine {
  readonly step: number;
  readonly lossBits: number;
  readonly gradientNormBits: number;
  readonly examples: number;
  readonly lease: number;
}

/** The fields of a proof that do not name the experiment. */
interface ComparableProof {
  readonly snapshotSha256: string;
  readonly segments: unknown;
  readonly versions: unknown;
  readonly ledgerSha256: string;
  readonly weightsSha256: string;
}

export interface Outcome {
  readonly id: string;
  readonly state: string;
  readonly errorCode: string | null;
  /** `null` where nothing was evaluated. */
  readonly weightsSha256: string | null;
  /** Of the model that is downloaded, with what its own hash does not cover; `null` where there is none. */
  readonly modelSha256: string | null;
  readonly ledger: readonly LedgerLine[];
  readonly proof: ComparableProof | null;
  readonly attempts: readonly {
    readonly lease: number;
    readonly cause: string | null;
    readonly stepsDone: number;
    readonly stepsRepeated: number;
  }[];
  /** Steps of checkpoints whose model was asked for and could not be read. */
  readonly unreadableCheckpoints: readonly number[];
}

/** Reads the outcome of an experiment that has ended. */
export async function outcomeOf(client: Client, id: string, persistence: Persistence): Promise<Outcome> {
  const insist = <T>(action: () => Promise<T>): Promise<T> => persistence.insist(action);
  const experiment = await insist(() => client.getExperiment(id));
  const hasSucceeded = experiment.state === 'succeeded';
  return {
    id,
    state: experiment.state,
    errorCode: experiment.error?.code ?? null,
    weightsSha256: hasSucceeded ? await insist(() => weightsOf(client, id)) : null,
    modelSha256: hasSucceeded ? await insist(() => modelHashOf(client, id)) : null,
    ledger: await ledgerOf(client, id, insist),
    proof: hasSucceeded ? await insist(() => proofOf(client, id)) : null,
    attempts: await insist(() => attemptsOf(client, id)),
    unreadableCheckpoints: await unreadableCheckpoints(client, id, insist),
  };
}

type Insist = <T>(action: () => Promise<T>) => Promise<T>;

async function ledgerOf(client: Client, id: string, insist: Insist): Promise<LedgerLine[]> {
  const lines: LedgerLine[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: 10_000, ...(cursor !== undefined && { cursor }) };
    const { data } = await insist(() =>
      client.api.GET('/experiments/{id}/ledger', { params: { path: { id }, query } }),
    );
    for (const { step, lossBits, gradientNormBits, examples, lease } of data?.items ?? [])
      lines.push({ step, lossBits, gradientNormBits, examples, lease });
    cursor = data?.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return lines;
}

async function modelHashOf(client: Client, id: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of await client.downloadModel(id)) hash.update(chunk);
  return hash.digest('hex');
}

async function proofOf(client: Client, id: string): Promise<ComparableProof> {
  const { snapshotSha256, segments, versions, ledgerSha256, weightsSha256 } = await client.proof(id);
  return { snapshotSha256, segments, versions, ledgerSha256, weightsSha256 };
}

async function unreadableCheckpoints(client: Client, id: string, insist: Insist): Promise<number[]> {
  const { data } = await insist(() =>
    client.api.GET('/experiments/{id}/checkpoints', { params: { path: { id }, query: { limit: 200 } } }),
  );
  const unreadable: number[] = [];
  const steps = (data?.items ?? []).map(({ step }) => step);
  const stride = Math.ceil(steps.length / mostCheckpointsRead);
  // The newest first, and some of the others: the hash of every object is compared in the store itself.
  for (const step of steps.filter((_step, index) => index % stride === 0)) {
    try {
      await insist(async () => new Response(await client.downloadModel(id, { step })).arrayBuffer());
    } catch {
      // A refusal, or an answer that broke off again and again: the verdict names it.
      unreadable.push(step);
    }
  }
  return unreadable;
}
