// The API process: puts the parts together, listens, and ends in order.
import { fileURLToPath } from 'node:url';
import closeWithGrace from 'close-with-grace';
import { Connection } from '@temporalio/client';
import { readPartConfig, type Config } from '../config.ts';
import { ChangeFeed } from '../database/change-feed.ts';
import { openDatabase } from '../database/client.ts';
import { applyMigrations, migrationsDirectory } from '../database/migrate.ts';
import { createRepositories } from '../database/repositories.ts';
import { defaultProject } from '../experiment/id.ts';
import { createLogger, type Logger } from '../log.ts';
import { endFatally, orRefuse } from '../process-end.ts';
import { silenceAwsNodeNotice } from '../process-environment.ts';
import { requireFreePort } from '../machine/require-free-port.ts';
import { CheckpointStore } from '../storage/checkpoint-store.ts';
import { openStore } from '../storage/open-store.ts';
import { projectBlobs } from '../storage/project-blobs.ts';
import { tidyScratch } from '../storage/scratch-directory.ts';
import { connectionOptions } from '../temporal/connection.ts';
import { createTemporalGateway } from '../temporal/gateway.ts';
import { buildApp } from './app.ts';
import { UploadTurns } from './upload/upload-turns.ts';
import { modelOpener } from './experiment/export-model.ts';
import { SettlingGateway } from '../temporal/settling-gateway.ts';

/** How long open requests may go on after a signal: less than the whole stack gives the API, which is 6 s. */
const closeSeconds = 5;

/** Connections that wait to be taken up; Node's own 511 are too few for a thousand clients that come at one moment. */
const connectionBacklog = 4096;

export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts the API: migrations first, then it listens.
 *
 * @throws CodedError `database_unavailable` after a minute.
 */
export async function startServer(config: Config, log: Logger): Promise<RunningServer> {
  silenceAwsNodeNotice();
  const applied = await applyMigrations(config.databaseUrl, migrationsDirectory());
  for (const migration of applied) log.info({ migration }, 'migration applied');
  const database = openDatabase(config.databaseUrl);
  const changes = new ChangeFeed(config.databaseUrl);
  changes.start();
  const store = openStore(config.storageUrl, { forcePathStyle: config.storagePathStyle });
  const connection = Connection.lazy(await connectionOptions(config.temporal));
  const temporal = new SettlingGateway(createTemporalGateway(connection, config.temporal.namespace));
  const repositories = createRepositories(database);
  const blobs = projectBlobs(store, defaultProject, repositories.pins.forUpload(defaultProject));
  const checkpoints = new CheckpointStore(store, defaultProject);
  const app = await buildApp({
    repositories,
    changes,
    store,
    blobs,
    checkpoints,
    temporal,
    openModel: modelOpener({ checkpoints, blobs, experiments: repositories.experiments }),
    limits: config.limits,
    uploads: new UploadTurns(config.uploadsAtOnce),
    log,
  });
  const url = await app.listen({ host: config.host, port: config.port, backlog: connectionBacklog });
  log.info({ url }, 'listening');
  return {
    url,
    async close() {
      await app.close();
      await temporal.settled();
      await Promise.all([changes.stop(), database.close(), connection.close()]);
    },
  };
}

async function main(): Promise<void> {
  const config = await orRefuse(async () => {
    const read = readPartConfig();
    await requireFreePort(read.host, read.port);
    return read;
  });
  const log = createLogger('api', config.logLevel);
  try {
    await tidyScratch(log);
    const server = await startServer(config, log);
    closeWithGrace({ delay: closeSeconds * 1000, logger: false }, async ({ err, signal }) => {
      if (err) log.fatal({ err }, 'stopped by an error');
      else log.info({ signal }, 'closing');
      await server.close();
    });
  } catch (error) {
    endFatally(log, error);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
