// What the API is made of. All of it is passed in, so that a test chooses each part.
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Readable } from 'node:stream';
import type { ChangeFeed } from '../database/change-feed.ts';
import type { Repositories } from '../database/repositories.ts';
import type { Logger } from '../log.ts';
import type { UploadTurns } from './upload/upload-turns.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { CheckpointStore } from '../storage/checkpoint-store.ts';
import type { ByteRange, ObjectStore } from '../storage/object-store.ts';
import type { TemporalGateway } from '../temporal/gateway.ts';

/** Which checkpoint, the hash of its manifest included: a step may have been made again. */
export interface CheckpointReference {
  readonly experimentId: string;
  readonly step: number;
  /** `sha256:…` of the manifest. */
  readonly id: string;
}

/** A folder of Hugging Face in a tar, or one ONNX file for inference. */
export type ModelFormat = 'huggingface' | 'onnx';

/** The same bytes whenever the same model is opened. */
export interface ModelFile {
  readonly sizeBytes: number;
  /** All bytes, or a part of them. */
  open(range?: ByteRange): Readable;
}

/** @throws CodedError `blob_missing`, `blob_corrupt`. */
type OpenModel = (checkpoint: CheckpointReference, format: ModelFormat) => Promise<ModelFile>;

export interface AppDependencies {
  readonly repositories: Repositories;
  readonly changes: ChangeFeed;
  readonly store: ObjectStore;
  readonly blobs: BlobStore;
  readonly checkpoints: CheckpointStore;
  readonly temporal: TemporalGateway;
  readonly openModel: OpenModel;
  /** The most bytes that an upload of each kind may have. */
  readonly limits: { readonly datasetBytes: number; readonly modelBytes: number };
  /** Of uploads, which take memory and disk for as long as they last. */
  readonly uploads: UploadTurns;
  readonly log: Logger;
}

/** What routes get besides: a signal that the server is closing, upon which waiting answers end. */
export interface RouteContext extends AppDependencies {
  readonly closing: AbortSignal;
}

/** Fastify with schemas that are types too. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
