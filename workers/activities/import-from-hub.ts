// Brings what an experiment takes from a hub into the project, where it is from then on a dataset and a model like others.
import { buffer } from 'node:stream/consumers';
import type { DatasetRecord, DatasetSplit } from '../../src/database/dataset-repository.ts';
import type { Repositories } from '../../src/database/repositories.ts';
import type { HubModelSource, HubSource } from '../../src/dataset/snapshot-manifest.ts';
import { checkSplitName } from '../../src/dataset/split-file.ts';
import { contentOf, storeSplit } from '../../src/dataset/store-split.ts';
import { CodedError } from '../../src/error.ts';
import type { BlobRef } from '../../src/experiment/blob.ts';
import { newDatasetId, newModelId } from '../../src/experiment/id.ts';
import type { HubDatasetReference, HubModelReference } from '../../src/experiment/spec.ts';
import type { HubClient } from '../../src/hub/hub-client.ts';
import { importHubDataset } from '../../src/hub/import-dataset.ts';
import { importHubModel, type HubModel } from '../../src/hub/import-model.ts';
import type { FileReader } from '../../src/model/model-folder.ts';
import {
  longestTextFileBytes,
  modelText,
  storeModel,
  textFileTooLong,
} from '../../src/model/stored-model.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';

export interface HubImport {
  readonly client: HubClient;
  readonly repositories: Pick<Repositories, 'datasets' | 'models'>;
  readonly blobs: BlobStore;
  readonly projectId: string;
  /** Called as bytes come; what it throws ends the import. */
  readonly onProgress: () => void;
}

interface ImportedDataset {
  readonly record: DatasetRecord;
  readonly source: HubSource;
}

/**
 * Stores every split of a hub's dataset. The same again changes nothing.
 *
 * @throws CodedError `hub_not_found`, `hub_unavailable`, `dataset_invalid`, `payload_too_large`, `storage_unavailable`.
 */
export function importDataset(
  hubImport: HubImport,
  reference: HubDatasetReference,
  maximumBytes: number,
): Promise<ImportedDataset> {
  return untilEnding(hubImport, () => storeDataset(hubImport, reference, maximumBytes));
}

async function storeDataset(
  { client, repositories, blobs, projectId, onProgress }: HubImport,
  { hub, config, revision }: HubDatasetReference,
  maximumBytes: number,
): Promise<ImportedDataset> {
  const found = await importHubDataset(client, { repository: hub, config, revision, maximumBytes });
  const splits: Record<string, DatasetSplit> = {};
  for (const { name, files } of found.splits)
    splits[checkSplitName(name)] = await storeSplit(blobs, name, files, onProgress);
  const { record } = await repositories.datasets.createOrGet({
    projectId,
    id: newDatasetId(),
    ...contentOf(splits),
  });
  return { record, source: { repository: found.repository, commit: found.commit } };
}

/**
 * Stores a hub's model. The same again changes nothing.
 *
 * @throws CodedError `hub_not_found`, `hub_unavailable`, `model_invalid`, `model_incompatible`, `not_supported`,
 *   `payload_too_large`, `storage_unavailable`.
 */
export function importModel(
  hubImport: HubImport,
  reference: HubModelReference,
  maximumBytes: number,
): Promise<HubModelSource> {
  return untilEnding(hubImport, () => storeFoundModel(hubImport, reference, maximumBytes));
}

async function storeFoundModel(
  { client, repositories, blobs, projectId, onProgress }: HubImport,
  { hub, revision }: HubModelReference,
  maximumBytes: number,
): Promise<HubModelSource> {
  const found = await importHubModel(client, { repository: hub, revision, maximumBytes });
  const [config, tokenizer, weightsFile] = await Promise.all([
    textOf(found, 'config.json'),
    textOf(found, 'tokenizer.json').then((json) => json ?? textOf(found, 'vocab.txt')),
    Promise.resolve(found.files.find(({ name }) => name === 'model.safetensors')),
  ]);
  if (config === undefined || tokenizer === undefined || weightsFile === undefined)
    throw new CodedError('internal', 'A model was found without its files.');
  const weights = await blobs.putStream(weightsFile.open(), { onProgress });
  const isJson = found.files.some(({ name }) => name === 'tokenizer.json');
  const files = {
    config,
    tokenizer: isJson ? { json: tokenizer } : { vocabulary: tokenizer },
    weights: readerOf(blobs, weights),
  };
  const stored = await storeModel(blobs, files, () => Promise.resolve(weights));
  await repositories.models.createOrGet({ ...stored, projectId, id: newModelId() });
  return { repository: found.repository, commit: found.commit, blobs: stored.blobs };
}

/** A request that is broken off because the work is to end says nothing of the hub: the reason for the end goes first. */
async function untilEnding<T>({ onProgress }: HubImport, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    onProgress();
    throw error;
  }
}

function readerOf(blobs: BlobStore, { sha256, sizeBytes }: BlobRef): FileReader {
  return {
    sizeBytes,
    readRange: async (start, size) =>
      size === 0
        ? Buffer.alloc(0)
        : buffer(await blobs.getRange(sha256, { start, end: Math.min(start + size, sizeBytes) - 1 })),
  };
}

async function textOf({ files }: HubModel, name: string): Promise<string | undefined> {
  const file = files.find((candidate) => candidate.name === name);
  if (file === undefined) return undefined;
  if (file.sizeBytes > longestTextFileBytes) throw textFileTooLong(name);
  return modelText(await buffer(file.open()), name);
}
