// The stores that the contract is held against: a directory, and a bucket of a real S3 server where one is installed.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../../src/local/free-port.ts';
import { DirectoryStore } from '../../src/storage/directory-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { awsCalls, clientSettings } from '../../src/storage/s3-client.ts';
import { S3Store } from '../../src/storage/s3-store.ts';

export interface TestStore {
  readonly store: ObjectStore;
  /** Where the objects lie as files, so that a test can break one. */
  readonly folder: string;
  close(): Promise<void>;
}

const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
const bucket = 'bucket';

export const openDirectory = (): Promise<TestStore> => {
  const folder = mkdtempSync(join(tmpdir(), 'directory-store-'));
  return Promise.resolve({
    store: new DirectoryStore(folder),
    folder,
    close: () => rm(folder, { recursive: true, force: true }),
  });
};

/** The S3 server's program, or `undefined` where it is not installed. */
export function findVersitygw(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  try {
    folders.push(join(execFileSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).trim(), 'bin'));
  } catch {
    // No Go either.
  }
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'versitygw'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

export interface TestS3 extends TestStore {
  readonly client: S3Client;
  /** What a process needs to use the same store. */
  readonly storageUrl: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The same store, reached at another address. */
  storeAt(address: string): ObjectStore;
}

/** Starts an S3 server over a folder of its own within `parent`. */
export async function openS3(program: string, parent = tmpdir()): Promise<TestS3> {
  const root = mkdtempSync(join(parent, 's3-store-'));
  mkdirSync(join(root, bucket));
  const port = await freePort();
  const server = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', root], {
    env: {
      ...process.env,
      ROOT_ACCESS_KEY: credentials.accessKeyId,
      ROOT_SECRET_KEY: credentials.secretAccessKey,
    },
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(endpoint, server);
  const clientAt = (address: string): S3Client =>
    new S3Client({
      ...clientSettings,
      endpoint: address,
      region: 'us-east-1',
      credentials,
      forcePathStyle: true,
    });
  const client = clientAt(endpoint);
  const storeAt = (address: string): ObjectStore =>
    new S3Store(awsCalls(clientAt(address), bucket), 'prefix/');
  return {
    client,
    storageUrl: `s3://${bucket}/prefix`,
    variables: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    store: new S3Store(awsCalls(client, bucket), 'prefix/'),
    storeAt,
    folder: join(root, bucket, 'prefix'),
    async close() {
      client.destroy();
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill();
      await ended;
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function answering(endpoint: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline && server.exitCode === null) {
    try {
      await fetch(endpoint);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50)); // Asked again until the server listens.
    }
  }
  throw new Error('The S3 server did not start.');
}
