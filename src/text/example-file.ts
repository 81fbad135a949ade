// Examples in a local file: written in one pass, read by number, with memory that does not grow with their number.
// The file is little-endian 32-bit words: header | of each example its tokens and targets | index | vocabulary.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { CodedError } from '../error.ts';
import type { Example, ExampleTable, TargetKind } from './example-table.ts';
import { readWords, wordBytes, WordBlocks, WordFile } from './word-file.ts';

const targetKinds = ['class', 'value', 'labels', 'tokenClasses'] as const satisfies readonly TargetKind[];

const magic = 0x5845_4245;
const formatVersion = 1;
const headerWords = 16;
/** Of one example in the index: where its words begin (low, high), its tokens, where its second text begins. */
const entryWords = 4;
const wordRange = 2 ** 32;
/** What a file may name as the ids that occur: more is taken for damage, not for a vocabulary. */
const mostVocabularyWords = 16 * 1024 * 1024;

/** What a file holds, known when its last example was added. */
export interface ExampleFileSummary {
  readonly count: number;
  readonly tokens: number;
  readonly longest: number;
}

/** Writes a file of examples one after another. */
export class ExampleFileWriter {
  readonly #targetKind: TargetKind;
  readonly #examples: WordFile;
  readonly #index: WordFile;
  readonly #ids = new IdSet();
  #count = 0;
  #tokens = 0;
  #longest = 0;
  /** 32-bit words of targets of each example, 0 where there is one a token. */
  #targetWords: number;

  /** @param path is overwritten; the index waits beside it until the file is finished. */
  constructor(path: string, targetKind: TargetKind) {
    this.#targetKind = targetKind;
    this.#targetWords = targetKind === 'tokenClasses' ? 0 : 1;
    this.#examples = new WordFile(path);
    this.#index = new WordFile(`${path}.index`);
    this.#examples.write(new Int32Array(headerWords));
  }

  /** @throws RangeError for targets that are not as many as the kind, or the first example, has them. */
  add({ tokenIds, secondStart, targets }: Example): void {
    if (this.#count === 0 && this.#targetKind === 'labels') this.#targetWords = targets.length;
    if (targets.length !== (this.#targetWords || tokenIds.length))
      throw new RangeError(`An example of ${tokenIds.length} tokens has ${targets.length} targets.`);
    const start = this.#examples.length;
    const entry = [start % wordRange, Math.floor(start / wordRange), tokenIds.length, secondStart];
    this.#index.write(Int32Array.from(entry, (word) => word | 0));
    this.#examples.write(tokenIds);
    this.#examples.write(targets);
    for (const id of tokenIds) this.#ids.add(id);
    this.#count += 1;
    this.#tokens += tokenIds.length;
    this.#longest = Math.max(this.#longest, tokenIds.length);
  }

  /** Completes the file and closes it. */
  finish(): ExampleFileSummary {
    const exampleWords = this.#examples.length;
    this.#index.copyTo(this.#examples);
    const vocabulary = this.#ids.values();
    this.#examples.write(vocabulary);
    const header = new Float64Array(headerWords / 2);
    header.set([this.#count, this.#tokens, exampleWords, vocabulary.length], 2);
    const words = new Int32Array(header.buffer);
    words.set([magic, formatVersion, targetKinds.indexOf(this.#targetKind), this.#targetWords]);
    words[headerWords - 1] = this.#longest;
    this.#examples.close(words);
    this.#index.remove();
    return { count: this.#count, tokens: this.#tokens, longest: this.#longest };
  }

  /** Removes the file, finished or not. */
  abandon(): void {
    this.#examples.remove();
    this.#index.remove();
  }
}

/**
 * Opens a file of examples. Only its header, its vocabulary and some blocks of its index are held.
 *
 * @throws CodedError `blob_corrupt` for a file that is no such file, or not whole.
 */
export function openExampleFile(path: string): ExampleTable {
  const file = openSync(path, 'r');
  try {
    return tableOf(file);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function tableOf(file: number): ExampleTable {
  const words = readWords(file, 0, headerWords);
  const [, , count = -1, tokens = -1, exampleWords = -1, vocabularyWords = -1] = new Float64Array(
    words.buffer,
  );
  const targetKind = targetKinds[words[2] ?? -1];
  const targetWords = words[3] ?? 0;
  const longest = words[headerWords - 1] ?? 0;
  const indexWords = count * entryWords;
  if (
    words[0] !== magic ||
    words[1] !== formatVersion ||
    targetKind === undefined ||
    fstatSync(file).size !== wordBytes * (exampleWords + indexWords + vocabularyWords) ||
    !(vocabularyWords <= mostVocabularyWords)
  )
    throw corrupt();
  const vocabulary = readWords(file, exampleWords + indexWords, vocabularyWords);
  const index = new WordBlocks(file, exampleWords, indexWords);
  const entryOf = (place: number) => {
    if (!Number.isInteger(place) || place < 0 || place >= count)
      throw new RangeError(`There is no example ${place} of ${count}.`);
    const [low = 0, high = 0, length = -1, secondStart = -1] = index.words(place * entryWords, entryWords);
    if (length < 0 || length > longest || secondStart < 0 || secondStart > length) throw corrupt();
    return { start: (low >>> 0) + high * wordRange, length, secondStart };
  };
  return {
    count,
    tokens,
    longest,
    targetKind,
    vocabulary,
    read(place) {
      const { start, length, secondStart } = entryOf(place);
      const size = length + (targetWords || length);
      if (start < headerWords || start + size > exampleWords) throw corrupt();
      const example = readWords(file, start, size);
      return { tokenIds: example.subarray(0, length), secondStart, targets: example.subarray(length) };
    },
    lengthOf: (place) => entryOf(place).length,
    close: () => closeSync(file),
  };
}

/** A set of ids, a bit each. */
class IdSet {
  #bits = new Uint32Array(1024);

  add(id: number): void {
    const place = id >>> 5;
    if (place >= this.#bits.length) {
      const grown = new Uint32Array(Math.max(place + 1, 2 * this.#bits.length));
      grown.set(this.#bits);
      this.#bits = grown;
    }
    this.#bits[place] = (this.#bits[place] ?? 0) | (1 << (id & 31));
  }

  /** Ascending. */
  values(): Int32Array {
    const ids: number[] = [];
    for (const [place, bits] of this.#bits.entries())
      for (let bit = 0; bit < 32; bit += 1) if ((bits >>> bit) & 1) ids.push(place * 32 + bit);
    return Int32Array.from(ids);
  }
}

function corrupt(): CodedError {
  return new CodedError('blob_corrupt', 'A file of examples is damaged.');
}
