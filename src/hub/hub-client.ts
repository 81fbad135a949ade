// The part of the Hugging Face hub's protocol that reads: revisions, listings and files (huggingface.co/docs/hub/api).
import { createHash, type Hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { CodedError } from '../error.ts';
import { hubGet, unavailable, type HubRequester } from './hub-request.ts';
import { hubLimits } from './limits.ts';
import { isJsonObject } from '../json/json-object.ts';

export type HubKind = 'dataset' | 'model';

export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** The hash that the listing names the content by. */
  readonly hash: { readonly kind: 'sha256' | 'gitBlob'; readonly hex: string };
}

/** A repository at one commit. */
export interface HubRepository {
  readonly kind: HubKind;
  readonly name: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const namePattern = /^[A-Za-z0-9][\w.-]{0,95}(?:\/[A-Za-z0-9][\w.-]{0,95})?$/;
const commitPattern = /^[0-9a-f]{40}$/;

/**
 * Reads from one hub. Every method throws CodedError `hub_unavailable` for a hub that does not answer, or not as its
 * protocol says.
 */
export class HubClient {
  readonly #requester: HubRequester;

  constructor(requester: HubRequester) {
    this.#requester = requester;
  }

  /**
   * Finds the commit of a revision and lists its files.
   *
   * @param revision branch, tag or commit.
   * @throws CodedError `hub_not_found`, `hub_unavailable`; `payload_too_large` for too many files.
   */
  async repository(kind: HubKind, name: string, revision: string): Promise<HubRepository> {
    if (!namePattern.test(name)) throw new CodedError('hub_not_found', 'A repository is named org/name.');
    const base = `api/${kind}s/${name}`;
    const found = parsed(await this.#text(`${base}/revision/${encodeURIComponent(revision)}`));
    const commit = isJsonObject(found) ? found['sha'] : undefined;
    if (typeof commit !== 'string' || !commitPattern.test(commit)) throw unavailable('names no commit');
    const files: HubFile[] = [];
    let next: string | undefined = `${base}/tree/${commit}?recursive=true`;
    while (next !== undefined) {
      const response = await hubGet(this.#requester, next);
      const entries = parsed(await limitedText(response, hubLimits.answerBytes));
      if (!Array.isArray(entries)) throw unavailable('lists no files');
      files.push(...entries.flatMap(fileOf));
      if (files.length > hubLimits.files)
        throw new CodedError('payload_too_large', `The repository has over ${hubLimits.files} files.`);
      next = nextPage(response);
    }
    return { kind, name, commit, files };
  }

  /**
   * The content of a file, checked: the stream fails at its end when size or hash are not those of the listing. A connection
   * that breaks is taken up where it broke.
   */
  open(repository: HubRepository, file: HubFile): Readable {
    return Readable.from(this.#pieces(repository, file), { objectMode: false });
  }

  /** A small file as text. @throws CodedError `payload_too_large`, `hub_not_found`, `hub_unavailable`. */
  async text(repository: HubRepository, file: HubFile, maximumBytes: number): Promise<string> {
    if (file.sizeBytes > maximumBytes)
      throw new CodedError('payload_too_large', `${file.path} is over ${maximumBytes} bytes.`);
    const pieces: Buffer[] = [];
    for await (const piece of this.#pieces(repository, file)) pieces.push(piece);
    return Buffer.concat(pieces).toString('utf8');
  }

  async *#pieces({ kind, name, commit }: HubRepository, file: HubFile): AsyncGenerator<Buffer> {
    const folder = kind === 'dataset' ? 'datasets/' : '';
    const path = `${folder}${name}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
    const hash = hashOf(file);
    let received = 0;
    let fruitless = 0;
    while (received < file.sizeBytes) {
      const before = received;
      try {
        for await (const piece of bodyOf(await hubGet(this.#requester, path, received))) {
          received += piece.length;
          if (received > file.sizeBytes) throw differs(file);
          hash.update(piece);
          yield piece;
        }
      } catch (error) {
        this.#requester.signal.throwIfAborted();
        if (error instanceof CodedError) throw error;
      }
      fruitless = received > before ? 0 : fruitless + 1;
      if (fruitless >= hubLimits.attempts) throw unavailable(`does not send ${file.path}`);
      if (received < file.sizeBytes) await this.#requester.pause(hubLimits.firstPauseSeconds * 1000);
    }
    if (hash.digest('hex') !== file.hash.hex) throw differs(file);
  }

  async #text(path: string): Promise<string> {
    return limitedText(await hubGet(this.#requester, path), hubLimits.answerBytes);
  }
}

function fileOf(entry: unknown): HubFile[] {
  if (!isJsonObject(entry) || entry['type'] !== 'file') return [];
  const { path, size, oid, lfs } = entry;
  if (typeof path !== 'string' || typeof size !== 'number' || typeof oid !== 'string')
    throw unavailable('lists a file without path, size or hash');
  const isLarge = isJsonObject(lfs) && typeof lfs['oid'] === 'string';
  const hash = isLarge
    ? ({ kind: 'sha256', hex: String(lfs['oid']) } as const)
    : ({ kind: 'gitBlob', hex: oid } as const);
  return [{ path, sizeBytes: size, hash }];
}

/** Of a file that git keeps itself the hash covers its kind and size too. */
function hashOf({ hash, sizeBytes }: HubFile): Hash {
  return hash.kind === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${sizeBytes}\0`);
}

/** The next page as RFC 8288 names it. */
function nextPage(response: Response): string | undefined {
  return /<([^>]+)>\s*;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
}

async function limitedText(response: Response, maximumBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of bodyOf(response)) {
    sizeBytes += piece.length;
    if (sizeBytes > maximumBytes) throw unavailable(`answers with over ${maximumBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The pieces of a body; it ends early where the hub falls silent. */
async function* bodyOf(response: Response): AsyncGenerator<Buffer> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  if (reader === undefined) return;
  // A body that is broken off has nothing left to give up.
  const cancel = (): Promise<void> => reader.cancel().catch(() => undefined);
  try {
    for (;;) {
      const timer = setTimeout(() => void cancel(), hubLimits.silenceSeconds * 1000);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      yield Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
  } finally {
    await cancel();
  }
}

function differs({ path }: HubFile): CodedError {
  return unavailable(`sends another ${path} than it lists`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unavailable('answers with what is no JSON', error);
  }
}
