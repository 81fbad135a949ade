// How to reach Temporal, in one place for clients and workers.
import { readFile } from 'node:fs/promises';
import { variables, type TemporalConfig } from '../config.ts';
import { CodedError } from '../error.ts';
import { messageOf } from '../thrown.ts';

export interface ConnectionOptions {
  readonly address: string;
  readonly apiKey?: string;
  readonly tls?: boolean | { readonly clientCertPair: { readonly crt: Buffer; readonly key: Buffer } };
}

/**
 * Options that both the client's `Connection` and the worker's `NativeConnection` take.
 *
 * @throws CodedError `configuration_invalid` for a file that cannot be read.
 */
export async function connectionOptions(config: TemporalConfig): Promise<ConnectionOptions> {
  const { address, apiKey, tls } = config;
  if (tls !== null) {
    const [crt, key] = await Promise.all([
      readNamed(variables.temporalCertificate, tls.certificatePath),
      readNamed(variables.temporalKey, tls.keyPath),
    ]);
    return { address, tls: { clientCertPair: { crt, key } }, ...(apiKey !== null && { apiKey }) };
  }
  return apiKey === null ? { address } : { address, apiKey, tls: true };
}

async function readNamed(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CodedError('configuration_invalid', `${variable} cannot be read: ${messageOf(cause)}.`, {
      cause,
    });
  }
}
