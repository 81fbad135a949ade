// A trained model as one tar file whose bytes follow from its content, so that ranges and an ETag mean something.
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { CodedError } from '../error.ts';
import { readSafetensors, type NamedTensor } from './safetensors.ts';
import { inMemory, tarArchive, type RangedContent, type TarArchive } from './tar-archive.ts';

interface ArchivedModel {
  /** The parsed config.json. */
  readonly config: unknown;
  /** The text of tokenizer.json. */
  readonly tokenizerJson: string;
  readonly tensors: readonly NamedTensor[];
}

const configName = 'config.json';
const tokenizerName = 'tokenizer.json';
const weightsName = 'model.safetensors';

/**
 * The tar of config.json, tokenizer.json and model.safetensors, in this order, without times or owners.
 *
 * @param content.config written as indented JSON.
 */
export function modelArchive(content: {
  readonly config: object;
  readonly tokenizerJson: string;
  readonly weights: RangedContent;
}): TarArchive {
  const files: readonly (readonly [string, RangedContent])[] = [
    [configName, inMemory(Buffer.from(`${JSON.stringify(content.config, null, 2)}\n`))],
    [tokenizerName, inMemory(Buffer.from(content.tokenizerJson))],
    [weightsName, content.weights],
  ];
  return tarArchive(files);
}

/**
 * Reads what {@link modelArchive} writes.
 *
 * @throws CodedError `model_invalid` when a file is missing or broken.
 */
export async function readModelArchive(stream: Readable): Promise<ArchivedModel> {
  const unpacked = stream.pipe(extract());
  stream.once('error', (error) => unpacked.destroy(error));
  let config: unknown;
  let tokenizerJson: string | undefined;
  let tensors: readonly NamedTensor[] | undefined;
  try {
    for await (const entry of unpacked) {
      const { name, size } = entry.header;
      if (name === configName) config = JSON.parse(await text(entry));
      else if (name === tokenizerName) tokenizerJson = await text(entry);
      else if (name === weightsName) tensors = await readSafetensors(entry as unknown as Readable, size);
      else entry.resume();
    }
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError('model_invalid', 'The archive is not a readable tar.', { cause: error });
  }
  if (config === undefined || tokenizerJson === undefined || tensors === undefined) {
    throw new CodedError(
      'model_invalid',
      `The archive lacks ${configName}, ${tokenizerName} or ${weightsName}.`,
    );
  }
  return { config, tokenizerJson, tensors };
}
