// What an experiment takes from a hub becomes a dataset and a model of the project, once however often it is brought.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubClient } from '../../src/hub/hub-client.ts';
import { hubRequester } from '../../src/hub/hub-request.ts';
import type { ModelConfig } from '../../src/model/model-config.ts';
import { toHuggingFaceConfig } from '../../src/model/model-config.ts';
import { encodeSafetensors } from '../../src/model/safetensors.ts';
import { product } from '../../src/model/safetensors-header.ts';
import { encoderTensors } from '../../src/model/tensor-names.ts';
import { BlobStore, sha256Of } from '../../src/storage/blob-store.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import { importDataset, importModel, type HubImport } from '../../workers/activities/import-from-hub.ts';
import { useDatabase } from '../database/fixture.ts';
import { commit, FakeHub } from './fake-hub.ts';

const opened = useDatabase();
const folder = mkdtempSync(join(tmpdir(), 'import-'));
const blobs = new BlobStore(new DirectoryStore(folder), '', (sha256s) =>
  opened.repositories.pins.forUpload('default')(sha256s),
);
afterAll(() => rmSync(folder, { recursive: true }));

let hub: FakeHub;
let heartbeats: number;

beforeEach(async () => {
  hub = new FakeHub();
  heartbeats = 0;
  await hub.start();
});
afterEach(() => hub.stop());

const config: ModelConfig = {
  family: 'bert',
  positionOffset: 0,
  vocabularySize: 8,
  hiddenSize: 4,
  layers: 1,
  heads: 2,
  intermediateSize: 6,
  maxPositions: 5,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
  paddingId: 0,
};

function modelFiles(): Record<string, Buffer> {
  const { required, optional } = encoderTensors(config);
  const tensors = [...required, ...optional].map(([name, shape]) => ({
    name,
    shape,
    data: new Float32Array(product(shape)).fill(0.5),
  }));
  return {
    'config.json': Buffer.from(JSON.stringify(toHuggingFaceConfig(config, ['no', 'yes']))),
    'vocab.txt': Buffer.from(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b'].join('\n')),
    'model.safetensors': Buffer.from(encodeSafetensors(tensors)),
  };
}

const hubImport = (): HubImport => ({
  client: new HubClient(hubRequester({ url: hub.url, token: null }, new AbortController().signal)),
  repositories: opened.repositories,
  blobs,
  projectId: 'default',
  onProgress: () => (heartbeats += 1),
});

describe('a model that is brought from a hub', () => {
  it('is one model however often it is brought, pinned to its commit and its files', async () => {
    const files = modelFiles();
    hub.repositories.set('model org/name', { files });
    const asked = { hub: 'org/name', revision: null };
    const source = await importModel(hubImport(), asked, 1e6);
    expect(source).toMatchObject({ repository: 'org/name', commit });
    expect(source.blobs.weights.sha256).toBe(sha256Of(files['model.safetensors']!));
    expect(await importModel(hubImport(), asked, 1e6)).toEqual(source);
    const { items } = await opened.repositories.models.list('default', { limit: 10 });
    expect(items.map(({ architecture, blobs: stored }) => ({ architecture, stored }))).toEqual([
      { architecture: 'bert', stored: source.blobs },
    ]);
    expect(heartbeats).toBeGreaterThan(0);
  });

  it('is refused as an upload of it is when its tensors do not fit', async () => {
    const files = { ...modelFiles(), 'model.safetensors': Buffer.from(encodeSafetensors([])) };
    hub.repositories.set('model org/other', { files });
    await expect(importModel(hubImport(), { hub: 'org/other', revision: null }, 1e6)).rejects.toMatchObject({
      code: 'model_incompatible',
    });
  });

  it('ends where it is told to stop', async () => {
    hub.repositories.set('model org/name', { files: modelFiles() });
    const stopping = {
      ...hubImport(),
      onProgress: () => {
        throw new Error('stopped');
      },
    };
    await expect(importModel(stopping, { hub: 'org/name', revision: null }, 1e6)).rejects.toThrow('stopped');
  });
});

describe('an import that is broken off', () => {
  it('tells why the work ends, not what broke', async () => {
    const stopping = new AbortController();
    const ending = {
      ...hubImport(),
      client: new HubClient(hubRequester({ url: hub.url, token: null }, stopping.signal)),
      onProgress: () => {
        if (stopping.signal.aborted) throw new Error('the worker is being stopped');
      },
    };
    stopping.abort(new Error('aborted'));
    await expect(importModel(ending, { hub: 'org/name', revision: null }, 1e6)).rejects.toThrow(
      'being stopped',
    );
  });
});

describe('a dataset that is brought from a hub', () => {
  const asked = { hub: 'org/data', revision: 'main', config: null };

  it('is one dataset however often it is brought, with the commit that it came from', async () => {
    const train = Buffer.from(`text,label\n${'good,1\nbad,0\n'.repeat(20)}`);
    hub.repositories.set('dataset org/data', { files: { 'train.csv': train, 'data/test.csv': train } });
    const first = await importDataset(hubImport(), asked, 1e6);
    expect(first.source).toEqual({ repository: 'org/data', commit });
    expect(first.record.splits).toMatchObject({ train: { rows: 40 }, test: { rows: 40, format: 'csv' } });
    expect((await importDataset(hubImport(), asked, 1e6)).record.id).toBe(first.record.id);
  });

  it('over the limit of uploads is refused', async () => {
    hub.repositories.set('dataset org/data', { files: { 'train.csv': Buffer.alloc(2000, 'a') } });
    await expect(importDataset(hubImport(), asked, 1000)).rejects.toMatchObject({
      code: 'payload_too_large',
    });
  });
});
