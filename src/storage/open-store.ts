// From STORAGE_URL to an object store.
import { fileURLToPath } from 'node:url';
import { S3Client } from '@aws-sdk/client-s3';
import { CodedError } from '../error.ts';
import { DirectoryStore } from './directory-store.ts';
import { isKey, type ObjectStore } from './object-store.ts';
import { awsCalls, clientSettings } from './s3-client.ts';
import { S3Store } from './s3-store.ts';

export interface OpenStoreOptions {
  /** Put the bucket into the path, not the host name: what S3 servers behind an own endpoint expect. */
  readonly forcePathStyle?: boolean;
}

/**
 * Opens `file:///absolute/folder` or `s3://bucket/prefix`. Endpoint, region and credentials of S3 come from the AWS
 * SDK's usual environment. Nothing is read or written yet: see `ObjectStore.check`.
 *
 * @throws CodedError `configuration_invalid` for any other URL.
 */
export function openStore(storageUrl: string, options: OpenStoreOptions = {}): ObjectStore {
  const url = URL.canParse(storageUrl) ? new URL(storageUrl) : undefined;
  if (url?.protocol === 'file:' && url.host === '') return new DirectoryStore(fileURLToPath(url));
  if (url?.protocol === 's3:' && url.host !== '') {
    const client = new S3Client({ ...clientSettings, forcePathStyle: options.forcePathStyle === true });
    const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
    if (prefix !== '' && !isKey(prefix)) {
      throw new CodedError(
        'configuration_invalid',
        'The prefix in STORAGE_URL may hold letters, digits and ._=-/ only.',
      );
    }
    return new S3Store(awsCalls(client, url.host), prefix === '' ? '' : `${prefix}/`);
  }
  throw new CodedError(
    'configuration_invalid',
    'STORAGE_URL must be file:///absolute/folder or s3://bucket/prefix.',
  );
}
