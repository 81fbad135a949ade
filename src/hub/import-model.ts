// A model on a hub: the files of its folder that are used, and their content.
import type { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import type { HubClient } from './hub-client.ts';

export interface HubModelRequest {
  readonly repository: string;
  /** Branch, tag or commit; `main` where none is named. */
  readonly revision: string | null;
  /** Bytes that all files may have together. */
  readonly maximumBytes: number;
}

export interface HubModel {
  readonly repository: string;
  readonly commit: string;
  readonly files: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    /** Fails at its end when the content is not what the hub lists. */
    open(): Readable;
  }[];
}

/** One of each is needed; of several the first that there is. */
const neededFiles = [['config.json'], ['tokenizer.json', 'vocab.txt'], ['model.safetensors']];

/**
 * Looks a model up: `config.json`, `tokenizer.json` or else `vocab.txt`, and `model.safetensors`.
 *
 * @throws CodedError `hub_not_found` for what is not there, these files included; `hub_unavailable`; `payload_too_large`.
 */
export async function importHubModel(client: HubClient, request: HubModelRequest): Promise<HubModel> {
  const found = await client.repository('model', request.repository, request.revision ?? 'main');
  const files = neededFiles.map((names) => {
    const file = names
      .map((name) => found.files.find(({ path }) => path === name))
      .find((candidate) => candidate !== undefined);
    if (file === undefined)
      throw new CodedError('hub_not_found', `The model has no file ${names.join(' or ')}.`);
    return file;
  });
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (sizeBytes > request.maximumBytes)
    throw new CodedError(
      'payload_too_large',
      `The model’s files are ${sizeBytes} bytes, over ${request.maximumBytes}.`,
    );
  return {
    repository: request.repository,
    commit: found.commit,
    files: files.map((file) => ({
      name: file.path,
      sizeBytes: file.sizeBytes,
      open: () => client.open(found, file),
    })),
  };
}
