// The model that is trained: a folder's, or one of MiniLM's sizes with random weights and a vocabulary of made-up words.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UploadFile } from '../../../openapi/client.ts';
import { toHuggingFaceConfig } from '../../../src/model/model-config.ts';
import { encodeSafetensors } from '../../../src/model/safetensors.ts';
import { specialTokens, wordPieceTokenizerJson } from '../../../src/text/vocabulary.ts';
import { initialParameters } from '../../../src/training/initial-parameters.ts';

const miniLm = {
  family: 'bert',
  layers: 6,
  hiddenSize: 384,
  heads: 12,
  intermediateSize: 1536,
  vocabularySize: 30_522,
  maxPositions: 512,
  positionOffset: 0,
  typeVocabularySize: 2,
  layerNormEpsilon: 1e-12,
  initializerRange: 0.02,
  paddingId: 0,
} as const;

const weightSeed = 1;

export interface BenchModel {
  readonly files: readonly UploadFile[];
  /** Words that texts may be made of. */
  readonly words: readonly string[];
}

/** A Hugging Face folder of the BERT family with a WordPiece vocabulary. */
export async function modelOfFolder(folder: string): Promise<BenchModel> {
  const read = async (name: string) => ({
    name,
    content: new Uint8Array(await readFile(join(folder, name))),
  });
  const files = await Promise.all(['config.json', 'tokenizer.json', 'model.safetensors'].map(read));
  const tokenizer: unknown = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
  const { model } = tokenizer as { model: { vocab: Readonly<Record<string, number>> } };
  return { files, words: Object.keys(model.vocab).filter((word) => /^[a-z]+$/u.test(word)) };
}

/** MiniLM's layers and vocabulary size (all-MiniLM-L6-v2's config.json), random weights. */
export async function modelOfSizes(): Promise<BenchModel> {
  const words = madeUpWords(miniLm.vocabularySize - specialTokens.length);
  const vocabulary = new Map([...specialTokens, ...words].map((token, id) => [token, id]));
  const head = { task: 'classification', labelCount: 2 } as const;
  const tensors = await initialParameters({ config: miniLm, head }, weightSeed, []);
  const json = (name: string, value: unknown): UploadFile => ({ name, content: JSON.stringify(value) });
  return {
    words,
    files: [
      json('config.json', toHuggingFaceConfig(miniLm, ['no', 'yes'], 'classification')),
      json('tokenizer.json', wordPieceTokenizerJson(vocabulary, true)),
      { name: 'model.safetensors', content: new Uint8Array(encodeSafetensors(tensors)) },
    ],
  };
}

/** Different words of four letters each. */
function madeUpWords(count: number): string[] {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  return Array.from({ length: count }, (_, index) =>
    [0, 1, 2, 3]
      .map((place) => letters[Math.floor(index / letters.length ** place) % letters.length])
      .join(''),
  );
}
