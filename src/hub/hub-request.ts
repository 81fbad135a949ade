// One request to a hub: redirects are followed, a busy hub is waited for, and the token goes to the hub alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../error.ts';
import { reasonOf } from '../thrown.ts';
import { hubLimits } from './limits.ts';

export interface HubAddress {
  readonly url: string;
  /** Sent to the address above only, never to where it redirects. */
  readonly token: string | null;
}

export interface HubRequester {
  readonly address: HubAddress;
  /** Waits between two attempts; what it throws ends them. */
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Ends requests at once. */
  readonly signal: AbortSignal;
}

/** A requester that waits by the clock. */
export function hubRequester(address: HubAddress, signal: AbortSignal): HubRequester {
  return { address, signal, pause: (milliseconds) => sleep(milliseconds, undefined, { signal }) };
}

/**
 * Gets an address of the hub, trying again while it is busy or away.
 *
 * @param path below the hub's own address, without a slash at its beginning; or an address that the hub gave.
 * @param start the byte to begin at.
 * @throws CodedError `hub_not_found` for what is not there or not open to the token, `hub_unavailable`.
 */
export async function hubGet(requester: HubRequester, path: string, start = 0): Promise<Response> {
  let pauseSeconds = hubLimits.firstPauseSeconds;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptOnce(requester, path, start);
    if (outcome instanceof Response) return outcome;
    if (attempt >= hubLimits.attempts) throw outcome.error;
    await requester.pause(
      1000 * Math.min(hubLimits.longestPauseSeconds, outcome.retryAfterSeconds ?? pauseSeconds),
    );
    pauseSeconds *= 2;
  }
}

interface Failure {
  readonly error: CodedError;
  readonly retryAfterSeconds?: number;
}

async function attemptOnce(
  requester: HubRequester,
  path: string,
  start: number,
): Promise<Response | Failure> {
  let response: Response;
  try {
    response = await follow(requester, path, start);
  } catch (error) {
    requester.signal.throwIfAborted();
    if (error instanceof CodedError) throw error;
    const { host } = new URL(requester.address.url);
    return { error: unavailable(`at ${host} cannot be reached: ${reasonOf(error)}`, error) };
  }
  const { status, ok, headers } = response;
  if (ok && (start === 0 || status === 206)) return response;
  await response.body?.cancel();
  if (status === 429 || status >= 500) {
    const seconds = Number(headers.get('retry-after') ?? NaN);
    const error = unavailable(`answers ${status}`);
    return Number.isFinite(seconds) && seconds >= 0 ? { error, retryAfterSeconds: seconds } : { error };
  }
  if (ok) throw unavailable('does not send parts of files');
  const why = status === 401 || status === 403 ? 'is not open to this service' : 'is not there';
  throw new CodedError('hub_not_found', `What was asked of the hub ${why} (${status}).`);
}

/** The answer at the end of all redirects. */
async function follow({ address, signal }: HubRequester, path: string, start: number): Promise<Response> {
  // Only an address that ends with a slash keeps the whole of its path before another.
  const hub = new URL(address.url.endsWith('/') ? address.url : `${address.url}/`);
  let target = new URL(path, hub);
  for (let redirects = 0; redirects <= hubLimits.redirects; redirects += 1) {
    const isHub = target.origin === hub.origin;
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), hubLimits.silenceSeconds * 1000);
    const response = await fetch(target, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, silence.signal]),
      headers: {
        // Compression would make a range one of other bytes.
        'accept-encoding': 'identity',
        ...(start > 0 && { range: `bytes=${start}-` }),
        ...(isHub && address.token !== null && { authorization: `Bearer ${address.token}` }),
      },
    }).finally(() => clearTimeout(timer));
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    target = new URL(location, target);
    if (target.protocol !== 'https:' && target.protocol !== hub.protocol)
      throw unavailable('redirects to an address that is not secured');
  }
  throw unavailable(`redirects over ${hubLimits.redirects} times`);
}

/** A fault of the hub, not of what was asked. */
export function unavailable(what: string, cause?: unknown): CodedError {
  return new CodedError('hub_unavailable', `The hub ${what}.`, cause === undefined ? {} : { cause });
}
