// How to reach Temporal, in one place for clients and workers.
import { readFile } from 'node:fs/promises';
import type { TemporalConfig } from '../config.ts';

export interface ConnectionOptions {
  readonly address: string;
  readonly apiKey?: string;
  readonly tls?: boolean | { readonly clientCertPair: { readonly crt: Buffer; readonly key: Buffer } };
}

/** Options that both the client's `Connection` and the worker's `NativeConnection` take. */
export async function connectionOptions(config: TemporalConfig): Promise<ConnectionOptions> {
  const { address, apiKey, tls } = config;
  if (tls !== null) {
    const [crt, key] = await Promise.all([readFile(tls.certificatePath), readFile(tls.keyPath)]);
    return { address, tls: { clientCertPair: { crt, key } }, ...(apiKey !== null && { apiKey }) };
  }
  return apiKey === null ? { address } : { address, apiKey, tls: true };
}
