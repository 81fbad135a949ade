// The TypeScript client: every operation of the document, typed by it, and what a user needs around them.
import createFetchClient, { type Client as FetchClient, type FetchResponse } from 'openapi-fetch';
import { readEvents, type ExperimentEvent } from './event-reader.ts';
import { Patience } from './patience.ts';
import { ProblemError, problemErrorOf } from './problem-error.ts';
import type { components, operations, paths } from './schema.ts';

export { ProblemError };
export type { ExperimentEvent };
/** As the operations answer it. */
export type Experiment = NonNullable<
  FetchResponse<paths['/experiments/{id}']['get'], object, 'application/json'>['data']
>;
export type Dataset = components['schemas']['Dataset'];
export type Model = components['schemas']['Model'];
/** From which step, and with which settings changed. */
export type Fork = paths['/experiments/{id}/fork']['post']['requestBody']['content']['application/json'];
export type Proof = operations['getProof']['responses']['200']['content']['application/json'];
export type Submission = operations['createExperiment']['requestBody']['content']['application/json'];
export type PredictionRequest = operations['predict']['requestBody']['content']['application/json'];
export type Prediction =
  operations['predict']['responses']['200']['content']['application/json']['items'][number];

/** A file to upload: its name decides how it is read. */
export interface UploadFile {
  readonly name: string;
  readonly content: Blob | Uint8Array<ArrayBuffer> | string;
}

/** How long one request waits for a change. */
const pollSeconds = 20;

const endStates: readonly string[] = ['succeeded', 'failed', 'cancelled'];

interface Version {
  readonly experiment: Experiment;
  /** Its ETag. */
  readonly tag: string | undefined;
}

/** The service's operations. See {@link createClient}. */
export class Client {
  /** Every operation of the document; an answer of 400 or more is thrown as {@link ProblemError}. */
  readonly api: FetchClient<paths>;
  readonly #baseUrl: string;

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl.replace(/\/+$/u, '');
    this.api = createFetchClient<paths>({ baseUrl: this.#baseUrl });
    this.api.use({
      async onResponse({ response }) {
        if (response.status >= 400) throw await problemErrorOf(response);
        return undefined;
      },
    });
  }

  /** Uploads one file a split. */
  async uploadDataset(splits: Readonly<Record<string, UploadFile>>): Promise<Dataset> {
    return (await this.#upload('/datasets', Object.entries(splits))) as Dataset;
  }

  /** Uploads config.json, tokenizer.json or vocab.txt, and model.safetensors. */
  async uploadModel(files: readonly UploadFile[]): Promise<Model> {
    return (await this.#upload(
      '/models',
      files.map((file) => ['file', file]),
    )) as Model;
  }

  /** Submits an experiment; with a key, trying again gives the same one. */
  async submit(submission: Submission, idempotencyKey?: string): Promise<Experiment> {
    const header = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    return present((await this.api.POST('/experiments', { params: { header }, body: submission })).data);
  }

  async getExperiment(id: string): Promise<Experiment> {
    return present((await this.api.GET('/experiments/{id}', { params: { path: { id } } })).data);
  }

  /** Asks for a pause of the training; resolves before it is so. */
  async pause(id: string): Promise<Experiment> {
    return present((await this.api.POST('/experiments/{id}/pause', { params: { path: { id } } })).data);
  }

  /** Asks to go on after a pause; resolves before it is so. */
  async resume(id: string): Promise<Experiment> {
    return present((await this.api.POST('/experiments/{id}/resume', { params: { path: { id } } })).data);
  }

  /** Goes on from a step in a new experiment; with a key, trying again gives the same one. */
  async fork(id: string, fork: Fork, idempotencyKey?: string): Promise<Experiment> {
    const header = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    const params = { path: { id }, header };
    return present((await this.api.POST('/experiments/{id}/fork', { params, body: fork })).data);
  }

  /** The hashes that the result follows from. */
  async proof(id: string): Promise<Proof> {
    const { data } = await this.api.GET('/experiments/{id}/proof', { params: { path: { id } } });
    // Without `bundle` it is the JSON document, not the tar.
    return present(data) as Proof;
  }

  async cancel(id: string): Promise<Experiment> {
    return present((await this.api.POST('/experiments/{id}/cancel', { params: { path: { id } } })).data);
  }

  /**
   * Follows an experiment until a condition holds (its end, when none is given), also over restarts of the service.
   *
   * @throws ProblemError, such as `not_found`; the last fault when the service stays away for a minute.
   * @param onChange is called with each version seen.
   * @returns the experiment as the condition saw it, or at its end where the condition cannot hold any more.
   */
  async waitForExperiment(
    id: string,
    until: (experiment: Experiment) => boolean = () => false,
    onChange: (experiment: Experiment) => void = () => undefined,
  ): Promise<Experiment> {
    const patience = new Patience();
    let tag: string | undefined;
    for (;;) {
      let changed: Version | undefined;
      try {
        changed = await this.#nextVersion(id, tag);
        patience.answered();
      } catch (error) {
        await patience.tryAgainAfter(error);
      }
      if (!changed) continue;
      tag = changed.tag;
      onChange(changed.experiment);
      if (until(changed.experiment) || endStates.includes(changed.experiment.state))
        return changed.experiment;
    }
  }

  /** The trained model, or that of a checkpoint: a Hugging Face folder in a tar, or one ONNX file. */
  async downloadModel(
    id: string,
    options: { readonly step?: number; readonly format?: 'huggingface' | 'onnx' } = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const checkpoint = options.step === undefined ? '' : `/checkpoints/${options.step}`;
    const query = options.format === undefined ? '' : `?format=${options.format}`;
    const response = await this.#fetch(`/experiments/${encodeURIComponent(id)}${checkpoint}/model${query}`);
    return present(response.body);
  }

  /** What the trained model says of texts, or of pairs where it was trained on pairs; one item each, in their order. */
  async predict(id: string, texts: PredictionRequest): Promise<readonly Prediction[]> {
    const { data } = await this.api.POST('/experiments/{id}/predictions', {
      params: { path: { id } },
      body: texts,
    });
    return present(data).items;
  }

  /**
   * An experiment's events until its last one, each once, also over restarts of the service. Goes on after `lastEventId`
   * where that is given.
   *
   * @throws ProblemError, such as `not_found`; the last fault when the service stays away for a minute; the reason of
   * `signal` when that is aborted.
   */
  async *events(
    id: string,
    options: { readonly lastEventId?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ExperimentEvent> {
    const { signal } = options;
    let { lastEventId = 0 } = options;
    const patience = new Patience();
    for (;;) {
      try {
        const response = await this.#fetch(`/experiments/${encodeURIComponent(id)}/events`, {
          headers: { 'last-event-id': String(lastEventId) },
          ...(signal && { signal }),
        });
        patience.answered();
        // The server says so when nothing more will come. A stream that ends says nothing: the server may be restarting.
        if (response.status === 204 || !response.body) return;
        const earlier = lastEventId;
        for await (const event of readEvents(response.body)) {
          lastEventId = event.id;
          patience.answered();
          yield event;
        }
        // One that is closing ends each stream at once.
        if (lastEventId === earlier) await patience.pause(signal);
      } catch (error) {
        await patience.tryAgainAfter(error, signal);
      }
    }
  }

  async #nextVersion(id: string, tag: string | undefined): Promise<Version | undefined> {
    const header = tag === undefined ? {} : { 'if-none-match': tag, prefer: `wait=${pollSeconds}` };
    const { data, response } = await this.api.GET('/experiments/{id}', { params: { path: { id }, header } });
    if (response.status === 304) return undefined;
    return { experiment: present(data), tag: response.headers.get('etag') ?? undefined };
  }

  async #upload(
    path: string,
    files: readonly (readonly [field: string, file: UploadFile])[],
  ): Promise<unknown> {
    const form = new FormData();
    for (const [field, { name, content }] of files)
      form.append(field, content instanceof Blob ? content : new Blob([content]), name);
    return (await this.#fetch(path, { method: 'POST', body: form })).json();
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.#baseUrl}${path}`, init);
    if (response.status >= 400) throw await problemErrorOf(response);
    return response;
  }
}

/**
 * A client of the service at a base URL, such as `http://127.0.0.1:8080`. Nothing is sent yet.
 *
 * @throws ProblemError, in every method, for an answer of 400 or more; the `TypeError` of `fetch` when the service cannot
 * be reached.
 */
export function createClient(baseUrl: string): Client {
  return new Client(baseUrl);
}

function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('The service answered without a body.');
  return value;
}
