// Temporal's own development server as a child process, its data in one file. Only starts; the supervisor restarts.
import type { ChildProcess } from 'node:child_process';
import { Connection } from '@temporalio/client';
import type { ConnectionOptions } from '../temporal/connection.ts';
import { spawnLogged } from './spawn-logged.ts';
import { succeeds, until } from './until.ts';
import { callWithin } from '../temporal/call-within.ts';

const readyTimeoutSeconds = 60;
const callTimeoutSeconds = 5;
/**
 * Otherwise the development server reads from its database which search attributes there are each time that it writes a
 * workflow's. With this it may learn late of those that are registered while it runs.
 */
const attributesCached = 'system.forceSearchAttributesCacheRefreshOnRead=false';
/**
 * How often in a second a shard may look for what it has to pass on: tasks for workers, children to start, results of theirs. By
 * default that is 20 times, and the development server has one shard: each step of a workflow would wait for the next
 * twentieth of a second.
 */
const stepsAtOnce = 'history.transferProcessorMaxPollRPS=2000';

export interface TemporalServer {
  readonly address: string;
  readonly uiAddress: string;
  spawn(): ChildProcess;
  /** Resolves when the server answers for its namespace. */
  ready(signal?: AbortSignal): Promise<void>;
}

/** Says how to start the development server on the given ports. */
export function temporalServer(options: {
  readonly program: string;
  readonly databaseFile: string;
  readonly namespace: string;
  readonly port: number;
  readonly uiPort: number;
  readonly logFile: string;
  /** Names of keywords by which workflows are found, known from the start; left out: those that are registered meanwhile. */
  readonly searchAttributes?: readonly string[];
  /** Dynamic settings of Temporal, each `KEY=VALUE`; the last of a key is what holds. */
  readonly settings?: readonly string[];
  readonly environment?: Record<string, string>;
}): TemporalServer {
  const address = `127.0.0.1:${options.port}`;
  const parameters = {
    ip: '127.0.0.1',
    port: String(options.port),
    'ui-port': String(options.uiPort),
    'db-filename': options.databaseFile,
    namespace: options.namespace,
    'log-level': 'warn',
  };
  const settings = [
    stepsAtOnce,
    ...(options.searchAttributes ? [attributesCached] : []),
    ...(options.settings ?? []),
  ];
  const attributes = (options.searchAttributes ?? []).map((name) => [
    '--search-attribute',
    `${name}=Keyword`,
  ]);
  return {
    address,
    uiAddress: `http://127.0.0.1:${options.uiPort}`,
    spawn() {
      const flags = [
        ...Object.entries(parameters).map(([name, value]) => [`--${name}`, value]),
        ...attributes,
        ...settings.map((setting) => ['--dynamic-config-value', setting]),
      ];
      return spawnLogged(options.program, ['server', 'start-dev', ...flags.flat()], {
        logFile: options.logFile,
        ...(options.environment && { env: options.environment }),
      });
    },
    ready: (signal) =>
      until(() => succeeds(checkTemporal({ address }, options.namespace)), {
        timeoutSeconds: readyTimeoutSeconds,
        what: 'Temporal',
        ...(signal && { signal }),
      }),
  };
}

/** Throws unless a server answers for a namespace. */
export async function checkTemporal(options: ConnectionOptions, namespace: string): Promise<void> {
  // Without the SDK's own repetitions an outage is told as what it is, and at once.
  const connection = Connection.lazy({ ...options, interceptors: [] });
  try {
    await callWithin(connection, callTimeoutSeconds, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } finally {
    await connection.close();
  }
}
