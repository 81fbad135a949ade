// What activities are given: everything outside of them that they use.
import type { Client } from '@temporalio/client';
import type { Config } from '../../src/config.ts';
import type { Repositories } from '../../src/database/repositories.ts';
import type { Logger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';

export interface ActivityDependencies {
  readonly repositories: Repositories;
  readonly store: ObjectStore;
  readonly temporal: Client;
  readonly config: Pick<
    Config,
    'executionProvider' | 'executionDevice' | 'graphCacheDirectory' | 'trainingThreads' | 'hub' | 'limits'
  >;
  /** Name of this machine, shown with its attempts. */
  readonly host: string;
  /** Aborted when this worker is asked to stop: earlier than Temporal's SDK tells activities. */
  readonly stopping: AbortSignal;
  /** Ends this process at once: the last resort against an engine that hangs in native code. */
  readonly endProcess: () => void;
  readonly log: Logger;
}
