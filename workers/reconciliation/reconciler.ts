// Compares every experiment's row with its workflow and its newest manifest, and verifications with theirs; mends what differs
// twice.
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type {
  ReconciledRow,
  ReconciliationRepository,
} from '../../src/database/reconciliation-repository.ts';
import { reconcile, type Difference } from '../../src/experiment/reconcile.ts';
import type { Logger } from '../../src/log.ts';
import { CheckpointStore } from '../../src/storage/checkpoint-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { callWithin } from '../../src/temporal/call-within.ts';
import { runningExperimentWorkflows, type RunningChild } from '../../src/temporal/running-workflows.ts';
import { WorkflowFactsReader } from '../../src/temporal/workflow-facts.ts';
import { compareVerifications, type ComparedVerifications } from './compare-verifications.ts';
import type { Found } from './found.ts';
import { forEachAtOnce } from './for-each-at-once.ts';

/** Between two looks: no race between a row and a workflow lasts so long. */
const confirmSeconds = 5;
const comparedAtOnce = 8;
const callTimeoutSeconds = 30;

export interface ReconcilerDependencies {
  readonly repository: Pick<ReconciliationRepository, 'liveRows' | 'rowsOf' | 'repair'>;
  readonly verifications: ComparedVerifications;
  readonly client: Client;
  readonly store: ObjectStore;
  readonly log: Logger;
  /** 5 by default. */
  readonly confirmSeconds?: number;
}

/** A difference as the report and the log name it. */
export interface ReportedDifference {
  readonly workflowId: string;
  readonly found: Found['difference']['found'];
  readonly repair: Found['difference']['repair'];
  /** `false` where it was to be looked at only, or had changed before it could be mended. */
  readonly mended: boolean;
}

/** Compares and mends, one round a call. */
export class Reconciler {
  readonly #dependencies: ReconcilerDependencies;
  readonly #facts: WorkflowFactsReader;

  constructor(dependencies: ReconcilerDependencies) {
    this.#dependencies = dependencies;
    this.#facts = new WorkflowFactsReader(dependencies.client);
  }

  /**
   * Looks once, and where something differs a second time some seconds later: what was found both times, of a row that has
   * not moved in between, is no race and is mended.
   *
   * @param dryRun mends nothing.
   * @param signal ends it between two rows or two repairs.
   * @throws CodedError `database_unavailable`, `storage_unavailable`; what Temporal's client throws; the signal's reason.
   */
  async run(dryRun: boolean, signal = new AbortController().signal): Promise<readonly ReportedDifference[]> {
    const first = new Set((await this.#look(signal)).map(keyOf));
    if (first.size === 0) return [];
    const seconds = this.#dependencies.confirmSeconds ?? confirmSeconds;
    await delay(seconds * 1000, undefined, { signal });
    const confirmed = (await this.#look(signal)).filter((found) => first.has(keyOf(found)));
    const reported: ReportedDifference[] = [];
    // What ends makes room for what starts.
    for (const found of confirmed.toSorted((a, b) => rankOf(a) - rankOf(b))) {
      signal.throwIfAborted();
      const mended = !dryRun && (await this.#mend(found));
      const { workflowId, difference } = found;
      reported.push({ workflowId, ...difference, mended });
      this.#dependencies.log.warn({ workflowId, ...difference, mended }, 'reconciled');
    }
    return reported;
  }

  async #look(signal: AbortSignal): Promise<readonly Found[]> {
    const { repository, verifications, client } = this.#dependencies;
    const running = await callWithin(client, callTimeoutSeconds, () => runningExperimentWorkflows(client));
    const { coordinators, children } = running;
    const rows = new Map((await repository.liveRows()).map((row) => [row.experimentId, row]));
    const parents = children.map(({ parentWorkflowId }) => parentWorkflowId);
    const unread = [...coordinators, ...parents].filter((id) => !rows.has(id));
    for (const row of await repository.rowsOf(unread)) rows.set(row.experimentId, row);
    const experimentIds = new Set([...rows.keys(), ...coordinators]);
    this.#facts.keepOnly(experimentIds);
    const all: Found[] = [];
    await forEachAtOnce(experimentIds, comparedAtOnce, async (id) => {
      signal.throwIfAborted();
      const found = await this.#compare(id, rows.get(id));
      if (found !== undefined) all.push(found);
    });
    await forEachAtOnce(children, comparedAtOnce, async (child) => {
      signal.throwIfAborted();
      if (await this.#isOrphan(child)) all.push(this.#orphan(child, rows.get(child.parentWorkflowId)));
    });
    const statusOf = (id: string) => {
      signal.throwIfAborted();
      return callWithin(client, callTimeoutSeconds, () => this.#facts.statusOf(id));
    };
    return [...all, ...(await compareVerifications(verifications, running.verifications, statusOf))];
  }

  async #compare(workflowId: string, row: ReconciledRow | undefined): Promise<Found | undefined> {
    const { client } = this.#dependencies;
    const { runId, ...workflow } = await callWithin(client, callTimeoutSeconds, () =>
      this.#facts.factsOf(workflowId),
    );
    const facts = row && { ...row, manifestMissing: await this.#lacksManifest(row) };
    const difference = reconcile(facts, workflow);
    return difference && { workflowId, runId, difference, ...this.#asRow(row, difference) };
  }

  #orphan({ workflowId, runId }: RunningChild, row: ReconciledRow | undefined): Found {
    const difference = { found: 'parent_missing', repair: { action: 'terminateWorkflow' } } as const;
    return { workflowId, runId, difference, ...this.#asRow(row, difference) };
  }

  /** Where no row is left that could tell of it, nothing is left to mend either. */
  #asRow(row: ReconciledRow | undefined, difference: Difference): Pick<Found, 'rowMoves' | 'mendRow'> {
    const { repository } = this.#dependencies;
    if (row === undefined) return { rowMoves: null, mendRow: () => Promise.resolve(true) };
    const { stateSequence } = row;
    return { rowMoves: stateSequence, mendRow: () => repository.repair(row, stateSequence, difference) };
  }

  async #lacksManifest(row: ReconciledRow): Promise<boolean> {
    const { projectId, experimentId, checkpointStep, checkpointId } = row;
    if (checkpointStep === null || checkpointId === null) return false;
    const manifests = new CheckpointStore(this.#dependencies.store, projectId);
    return !(await manifests.has(experimentId, checkpointStep, checkpointId));
  }

  /** A child outlives its parent's run only where Temporal lost something: nobody waits for what it does. */
  async #isOrphan({ parentWorkflowId, parentRunId }: RunningChild): Promise<boolean> {
    const { client } = this.#dependencies;
    const { status, runId } = await callWithin(client, callTimeoutSeconds, () =>
      this.#facts.factsOf(parentWorkflowId),
    );
    return status !== 'running' || runId !== parentRunId;
  }

  /** @returns whether it was mended: not where it has changed meanwhile. */
  async #mend({ workflowId, runId, difference, mendRow }: Found): Promise<boolean> {
    const { client } = this.#dependencies;
    if (difference.repair.action === 'terminateWorkflow') {
      try {
        const handle = client.workflow.getHandle(workflowId, runId);
        await callWithin(client, callTimeoutSeconds, () =>
          handle.terminate(`reconciliation: ${difference.found}`),
        );
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    }
    return mendRow();
  }
}

/** The same difference of a row that did not move. */
function keyOf({ workflowId, runId, rowMoves, difference }: Found): string {
  return JSON.stringify([workflowId, runId, rowMoves, difference]);
}

function rankOf({ difference }: Found): number {
  return difference.repair.action === 'terminateWorkflow' ? 0 : 1;
}
