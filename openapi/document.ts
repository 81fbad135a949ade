// The OpenAPI document, taken from the application itself. Nothing that the application depends on is connected to.
import { tmpdir } from 'node:os';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { ChangeFeed } from '../src/database/change-feed.ts';
import { openDatabase } from '../src/database/client.ts';
import { createRepositories } from '../src/database/repositories.ts';
import { defaultProject } from '../src/experiment/id.ts';
import { buildApp } from '../src/http/app.ts';
import { UploadTurns } from '../src/http/upload/upload-turns.ts';
import { createLogger } from '../src/log.ts';
import { BlobStore } from '../src/storage/blob-store.ts';
import { CheckpointStore } from '../src/storage/checkpoint-store.ts';
import { DirectoryStore } from '../src/storage/directory-store.ts';

const nowhere = 'postgresql://127.0.0.1:1/none';

export interface GeneratedFiles {
  /** openapi.json. */
  readonly document: string;
  /** schema.ts: the same as types. */
  readonly types: string;
}

/** Generates both files' contents. */
export async function generateFiles(): Promise<GeneratedFiles> {
  const store = new DirectoryStore(tmpdir());
  const app = await buildApp({
    repositories: createRepositories(openDatabase(nowhere)),
    changes: new ChangeFeed(nowhere),
    store,
    blobs: new BlobStore(store, ''),
    checkpoints: new CheckpointStore(store, defaultProject),
    temporal: {
      check: () => Promise.resolve(),
      queues: () => Promise.resolve([]),
      predict: () => Promise.resolve([]),
      audit: () => Promise.reject(new Error('There is no history.')),
    },
    openModel: () => Promise.reject(new Error('There is no model.')),
    limits: { datasetBytes: 0, modelBytes: 0 },
    uploads: new UploadTurns(1),
    log: createLogger('openapi', 'silent'),
  });
  const document = `${JSON.stringify(app.swagger(), null, 2)}\n`;
  await app.close();
  const types = astToString(await openapiTypescript(document));
  return { document, types: `// Generated from openapi.json by npm run openapi. Do not edit.\n${types}` };
}
