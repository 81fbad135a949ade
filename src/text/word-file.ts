// Local files of 32-bit words, little-endian as every platform that the engine runs on: appended through a buffer, read by place.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { CodedError } from '../error.ts';

export const wordBytes = 4;
/** Where words wait for their turn to be written. */
const writeBufferWords = 64 * 1024;
const blockWords = 4 * 1024;
/** Blocks that a reader keeps: a mebibyte. */
const keptBlocks = 64;

/** @param start in words. @throws CodedError `blob_corrupt` when the file ends before. */
export function readWords(file: number, start: number, count: number): Int32Array {
  const words = new Int32Array(count);
  readWhole(file, new Uint8Array(words.buffer), start * wordBytes);
  return words;
}

function readWhole(file: number, bytes: Uint8Array, position: number): void {
  for (let filled = 0; filled < bytes.length;) {
    const read = readSync(file, bytes, filled, bytes.length - filled, position + filled);
    if (read === 0) throw corrupt();
    filled += read;
  }
}

/** A stretch of a file in blocks, of which those used last are kept. */
export class WordBlocks {
  readonly #file: number;
  readonly #start: number;
  readonly #count: number;
  /** By number, the one used longest ago first. */
  readonly #blocks = new Map<number, Int32Array>();

  constructor(file: number, start: number, count: number) {
    this.#file = file;
    this.#start = start;
    this.#count = count;
  }

  /** Words that lie within one block, which those of a power of two at a multiple of their number do. */
  words(start: number, count: number): Int32Array {
    const number = Math.floor(start / blockWords);
    const block = this.#blocks.get(number) ?? this.#load(number);
    this.#blocks.delete(number);
    this.#blocks.set(number, block);
    const first = start - number * blockWords;
    return block.subarray(first, first + count);
  }

  #load(number: number): Int32Array {
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size >= keptBlocks && oldest !== undefined) this.#blocks.delete(oldest);
    const start = number * blockWords;
    return readWords(this.#file, this.#start + start, Math.min(blockWords, this.#count - start));
  }
}

/** A file that words are appended to through a buffer. */
export class WordFile {
  readonly #path: string;
  readonly #file: number;
  readonly #buffer = new Int32Array(writeBufferWords);
  #buffered = 0;
  #written = 0;
  #isOpen = true;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'w+');
  }

  /** In words. */
  get length(): number {
    return this.#written + this.#buffered;
  }

  write(words: Int32Array): void {
    for (let start = 0; start < words.length;) {
      const piece = words.subarray(start, start + writeBufferWords - this.#buffered);
      this.#buffer.set(piece, this.#buffered);
      this.#buffered += piece.length;
      start += piece.length;
      if (this.#buffered === writeBufferWords) this.#flush();
    }
  }

  copyTo(target: WordFile): void {
    this.#flush();
    for (let start = 0; start < this.#written; start += writeBufferWords)
      target.write(readWords(this.#file, start, Math.min(writeBufferWords, this.#written - start)));
  }

  /** @param head takes the place of the first words. */
  close(head: Int32Array): void {
    this.#flush();
    writeWhole(this.#file, head, 0);
    this.#close();
  }

  remove(): void {
    this.#close();
    rmSync(this.#path, { force: true });
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }

  #flush(): void {
    writeWhole(this.#file, this.#buffer.subarray(0, this.#buffered), this.#written);
    this.#written += this.#buffered;
    this.#buffered = 0;
  }
}

/** @param start in words. */
function writeWhole(file: number, words: Int32Array, start: number): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  for (let written = 0; written < bytes.length;)
    written += writeSync(file, bytes, written, bytes.length - written, start * wordBytes + written);
}

function corrupt(): CodedError {
  return new CodedError('blob_corrupt', 'A file ends before what it should hold.');
}
