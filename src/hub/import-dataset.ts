// A dataset on a hub: which files of it are its splits, and their content.
import type { Readable } from 'node:stream';
import { CodedError } from '../error.ts';
import { datasetConfigurations } from './dataset-configuration.ts';
import { dataFormat, splitFiles } from './dataset-files.ts';
import type { HubClient, HubFile } from './hub-client.ts';
import { hubLimits } from './limits.ts';

export interface HubDatasetRequest {
  readonly repository: string;
  /** A configuration's name, or a folder. */
  readonly config: string | null;
  /** Branch, tag or commit; `main` where none is named. */
  readonly revision: string | null;
  /** Bytes that all files may have together. */
  readonly maximumBytes: number;
}

export interface HubDataset {
  readonly repository: string;
  readonly commit: string;
  readonly splits: readonly {
    readonly name: string;
    readonly files: readonly {
      readonly path: string;
      readonly format: NonNullable<ReturnType<typeof dataFormat>>;
      /** Fails at its end when the content is not what the hub lists. */
      open(): Readable;
    }[];
  }[];
}

/**
 * Looks a dataset up. Nothing but its listing and its README is read before a file is opened.
 *
 * @throws CodedError `hub_not_found`, `hub_unavailable`, `dataset_invalid` for a README that cannot be read,
 *   `payload_too_large`.
 */
export async function importHubDataset(client: HubClient, request: HubDatasetRequest): Promise<HubDataset> {
  const found = await client.repository('dataset', request.repository, request.revision ?? 'main');
  const readme = found.files.find(({ path }) => path === 'README.md');
  const configurations = datasetConfigurations(
    readme ? await client.text(found, readme, hubLimits.readmeBytes) : '',
  );
  const splits = splitFiles(found.files, configurations, request.config);
  const sizeBytes = splits.flatMap(({ files }) => files).reduce((sum, file) => sum + file.sizeBytes, 0);
  if (sizeBytes > request.maximumBytes)
    throw new CodedError(
      'payload_too_large',
      `The dataset’s files are ${sizeBytes} bytes, over ${request.maximumBytes}.`,
    );
  return {
    repository: request.repository,
    commit: found.commit,
    splits: splits.map(({ split, files }) => ({
      name: split,
      files: files.map((file: HubFile) => ({
        path: file.path,
        format: dataFormat(file.path) ?? 'csv',
        open: () => client.open(found, file),
      })),
    })),
  };
}
