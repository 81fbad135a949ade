// The few calls that the S3 store makes, so that it knows one small file of the outside.
import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

interface S3Page {
  readonly objects: readonly {
    readonly key: string;
    readonly sizeBytes: number;
    readonly modifiedAt: Date;
  }[];
  readonly nextToken: string | undefined;
}

/** An upload in parts that was not completed. */
interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly begunAt: Date;
}

/** Where a list of uploads goes on. */
interface UploadMarker {
  readonly key: string | undefined;
  readonly uploadId: string | undefined;
}

interface UploadPage {
  readonly uploads: readonly UnfinishedUpload[];
  readonly next: UploadMarker | undefined;
}

/** Calls of one bucket. Errors are the SDK's own, with `$metadata`. */
export interface S3Calls {
  putBytes(key: string, body: Uint8Array, ifAbsent: boolean): Promise<void>;
  putStream(key: string, body: Readable, ifAbsent: boolean): Promise<void>;
  /** `sizeBytes`: of the whole object, also when a range of it is read. */
  get(
    key: string,
    range: string | undefined,
  ): Promise<{ readonly body: Readable; readonly sizeBytes: number }>;
  head(key: string): Promise<number>;
  copy(fromKey: string, toKey: string): Promise<void>;
  delete(key: string): Promise<void>;
  list(prefix: string, token: string | undefined): Promise<S3Page>;
  unfinishedUploads(prefix: string, marker: UploadMarker | undefined): Promise<UploadPage>;
  abortUpload(upload: Pick<UnfinishedUpload, 'key' | 'uploadId'>): Promise<void>;
}

/** Bodies over this size, and streams of unknown size, go up in parts of it. S3 takes at most 10,000 parts. */
export const partSizeBytes = 8 * 1024 * 1024;
/** Parts of one upload under way at once; with the size above this bounds the memory of an upload. */
const concurrentParts = 4;
/** S3 copies at most 5 GiB in a call. Whoever waits for one shows signs of life, so that it must have an end. */
const longestCopyMilliseconds = 10 * 60_000;

/** A server that takes no connection, or lets one stand still, is given up: whoever waits for it would wait for ever. */
const longestConnectingMilliseconds = 10_000;
const longestSilenceMilliseconds = 120_000;

/**
 * Uploads carry a checksum that S3 verifies. Downloads are not checked against it: blobs are checked against their own
 * hash, and a fault must be the same coded error on every store.
 */
export const clientSettings = {
  responseChecksumValidation: 'WHEN_REQUIRED',
  requestHandler: {
    connectionTimeout: longestConnectingMilliseconds,
    socketTimeout: longestSilenceMilliseconds,
  },
} as const;

/** A request as the SDK's serializers make it. */
interface HttpRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/**
 * Leaves the content of what is put out of the signature (Amazon S3, "Signature calculations for the Authorization header",
 * UNSIGNED-PAYLOAD): hashing it once more costs a fifth of an upload's processor time on either side. Its checksum is signed, and
 * a blob is held against its name whenever it is read.
 */
function leaveContentUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { method, headers, body } = args.request as HttpRequest;
      if (method === 'PUT' && body !== undefined) headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'leaveContentUnsigned', override: true },
  );
}

/** The calls over the AWS SDK. */
export function awsCalls(client: S3Client, bucket: string): S3Calls {
  leaveContentUnsigned(client);
  return {
    async putBytes(key, body, ifAbsent) {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentLength: body.byteLength,
          ChecksumAlgorithm: 'CRC32',
          ...condition(ifAbsent),
        }),
      );
    },
    async putStream(key, body, ifAbsent) {
      const params = { Bucket: bucket, Key: key, Body: body, ChecksumAlgorithm: 'CRC32' as const };
      const upload = new Upload({
        client,
        params: { ...params, ...condition(ifAbsent) },
        partSize: partSizeBytes,
        queueSize: concurrentParts,
      });
      await upload.done();
    },
    async get(key, range) {
      const input = { Bucket: bucket, Key: key, ...(range === undefined ? {} : { Range: range }) };
      const answer = await client.send(new GetObjectCommand(input));
      const [, whole] = /\/(\d+)$/u.exec(answer.ContentRange ?? '') ?? [];
      // In Node the SDK's body is an IncomingMessage.
      return { body: answer.Body as Readable, sizeBytes: Number(whole ?? answer.ContentLength) };
    },
    async head(key) {
      const answer = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return answer.ContentLength ?? 0;
    },
    async copy(fromKey, toKey) {
      await client.send(
        new CopyObjectCommand({ Bucket: bucket, Key: toKey, CopySource: `${bucket}/${fromKey}` }),
        { abortSignal: AbortSignal.timeout(longestCopyMilliseconds) },
      );
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    async list(prefix, token) {
      const input = {
        Bucket: bucket,
        Prefix: prefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      };
      const answer = await client.send(new ListObjectsV2Command(input));
      const objects = (answer.Contents ?? []).map((entry) => ({
        key: entry.Key ?? '',
        sizeBytes: entry.Size ?? 0,
        modifiedAt: entry.LastModified ?? new Date(0),
      }));
      return { objects, nextToken: answer.NextContinuationToken };
    },
    ...unfinishedCalls(client, bucket),
  };
}

/** What uploads in parts that did not end are cleared away with. */
function unfinishedCalls(
  client: S3Client,
  bucket: string,
): Pick<S3Calls, 'unfinishedUploads' | 'abortUpload'> {
  return {
    async unfinishedUploads(prefix, marker) {
      const answer = await client.send(
        new ListMultipartUploadsCommand({
          Bucket: bucket,
          Prefix: prefix,
          ...(marker?.key === undefined ? {} : { KeyMarker: marker.key }),
          ...(marker?.uploadId === undefined ? {} : { UploadIdMarker: marker.uploadId }),
        }),
      );
      const uploads = (answer.Uploads ?? []).map((upload) => ({
        key: upload.Key ?? '',
        uploadId: upload.UploadId ?? '',
        begunAt: upload.Initiated ?? new Date(),
      }));
      const next = { key: answer.NextKeyMarker, uploadId: answer.NextUploadIdMarker };
      return { uploads, next: answer.IsTruncated === true ? next : undefined };
    },
    async abortUpload({ key, uploadId }) {
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
    },
  };
}

function condition(ifAbsent: boolean): { IfNoneMatch?: string } {
  return ifAbsent ? { IfNoneMatch: '*' } : {};
}
