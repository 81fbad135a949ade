// The state of an experiment as Temporal's own search finds it.
import { patched, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { searchAttributeNames } from '../../src/experiment/name.ts';
import type { ExperimentState } from '../../src/experiment/state.ts';

const state = { name: searchAttributeNames.state, type: 'KEYWORD' } as const;

/**
 * Tells the search, where the workflow was started with the attribute: a server that does not know it would fail the
 * workflow's task for ever. A workflow that older code began without telling goes on without.
 */
export function tellSearchedState(value: ExperimentState): void {
  const isKnown = workflowInfo().typedSearchAttributes.get(state) !== undefined;
  if (isKnown && patched('experiment-state-search-attribute'))
    upsertSearchAttributes([{ key: state, value }]);
}
