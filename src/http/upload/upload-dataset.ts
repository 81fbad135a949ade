// Takes a dataset in: each split is checked and stored in one pass, and all splits are published together or not at all.
import { PassThrough } from 'node:stream';
import type { DatasetRecord, DatasetSplit } from '../../database/dataset-repository.ts';
import type { SplitSource } from '../../dataset/column-mapping.ts';
import { inspectSplit } from '../../dataset/inspect-split.ts';
import { checkSplitName, formatOf } from '../../dataset/split-file.ts';
import { contentOf } from '../../dataset/store-split.ts';
import { defaultProject, newDatasetId } from '../../experiment/id.ts';
import type { AppDependencies } from '../dependencies.ts';
import { ByteBudget } from './byte-budget.ts';
import { invalidForm, type FormFile } from './form-files.ts';
import { endWith, HeldUpload } from './held-upload.ts';

interface TakenSplit {
  readonly name: string;
  readonly split: Omit<DatasetSplit, 'blob'>;
  readonly upload: HeldUpload;
}

/**
 * Stores a dataset of one file a split.
 *
 * @throws CodedError `dataset_invalid`, `payload_too_large`, `invalid_request` for a split's name or one that comes twice,
 * `unsupported_media_type` or `not_supported` for a file's extension. Nothing is left behind then.
 */
export async function uploadDataset(
  { blobs, limits, repositories }: AppDependencies,
  files: AsyncIterable<FormFile>,
): Promise<{ readonly record: DatasetRecord; readonly created: boolean }> {
  const taken: TakenSplit[] = [];
  const budget = new ByteBudget(limits.datasetBytes);
  try {
    for await (const file of files) {
      const name = checkSplitName(file.fieldName);
      if (taken.some((split) => split.name === name))
        throw invalidForm(name, 'comes twice: one file a split');
      taken.push(await takeSplit(blobs, name, file, budget));
    }
    return await publish(repositories, taken);
  } catch (error) {
    const reason = error instanceof Error ? error : new Error('upload failed', { cause: error });
    await Promise.all(taken.map(({ upload }) => upload.abandon(reason)));
    throw error;
  }
}

async function takeSplit(
  blobs: AppDependencies['blobs'],
  name: string,
  { fileName, content }: FormFile,
  budget: ByteBudget,
): Promise<TakenSplit> {
  const format = formatOf(fileName);
  // Two readers of one stream: each chunk goes to both, at the pace of the slower one.
  const inspected = new PassThrough();
  inspected.on('error', () => undefined);
  endWith(content, inspected);
  const upload = new HeldUpload(blobs, content, { budget });
  content.pipe(inspected);
  try {
    const [found] = await Promise.all([inspectSplit(name, format, inspected), upload.arrived()]);
    return { name, split: { format, ...found }, upload };
  } catch (error) {
    const reason = error instanceof Error ? error : new Error('upload failed', { cause: error });
    inspected.destroy();
    await upload.abandon(reason);
    throw error;
  }
}

async function publish(repositories: AppDependencies['repositories'], taken: readonly TakenSplit[]) {
  const splits: Record<string, DatasetSplit> = {};
  for (const { name, split, upload } of taken) splits[name] = { ...split, blob: await upload.publish() };
  return repositories.datasets.createOrGet({
    projectId: defaultProject,
    id: newDatasetId(),
    ...contentOf(splits),
  });
}

/** Whole splits that are there already, as they would come in a form. */
export async function* filesOfSplits(splits: readonly SplitSource[]): AsyncGenerator<FormFile> {
  for (const split of splits)
    yield {
      fieldName: split.name,
      fileName: `${split.name}.${split.format}`,
      content: await split.open(),
    };
}
