// Search attributes: by what Temporal's own UI and command line find experiments.
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import proto from '@temporalio/proto';
import { messageOf } from '../thrown.ts';
import { searchAttributeNames } from '../experiment/name.ts';
import type { ExperimentSpec } from '../experiment/spec.ts';
import type { ExperimentState } from '../experiment/state.ts';
import type { Logger } from '../log.ts';
import { callWithin } from './call-within.ts';

const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;
const callTimeoutSeconds = 10;
/** Temporal's databases keep no longer keyword. */
const longestKeywordCharacters = 255;

/** What is searched for of an experiment. */
export interface SearchedExperiment {
  readonly name: string;
  readonly state: ExperimentState;
  readonly spec: Pick<ExperimentSpec, 'model' | 'dataset'>;
}

/** The part of a connection that registers. */
interface Registrar {
  readonly operatorService: {
    addSearchAttributes(request: {
      namespace: string;
      searchAttributes: Record<string, proto.temporal.api.enums.v1.IndexedValueType>;
    }): Promise<unknown>;
  };
  withDeadline<T>(deadline: number, call: () => Promise<T>): Promise<T>;
}

/**
 * Makes the attributes known to the namespace, where that is allowed: some servers leave it to their operator. A server
 * that knows them already changes nothing.
 */
export async function registerSearchAttributes(
  connection: Registrar,
  namespace: string,
  log: Logger,
): Promise<void> {
  const searchAttributes = Object.fromEntries(
    Object.values(searchAttributeNames).map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]),
  );
  try {
    await callWithin(connection, callTimeoutSeconds, () =>
      connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
    );
  } catch (error) {
    // Experiments run without them too.
    log.info({ reason: messageOf(error) }, 'search attributes were not registered');
  }
}

/** The attributes of an experiment whose workflow is about to start. */
export function searchAttributesOf({ name, state, spec }: SearchedExperiment): TypedSearchAttributes {
  const values = {
    [searchAttributeNames.state]: state,
    [searchAttributeNames.name]: name,
    [searchAttributeNames.model]: modelName(spec.model),
    [searchAttributeNames.dataset]: 'hub' in spec.dataset ? spec.dataset.hub : spec.dataset.id,
  };
  return new TypedSearchAttributes(
    Object.entries(values).map(([key, value]) => ({
      key: defineSearchAttributeKey(key, 'KEYWORD'),
      value: value.slice(0, longestKeywordCharacters),
    })),
  );
}

function modelName(model: ExperimentSpec['model']): string {
  if ('hub' in model) return model.hub;
  if ('id' in model) return model.id;
  return 'experiment' in model ? model.experiment : 'scratch';
}
