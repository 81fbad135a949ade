// Tells a server that cannot be reached from every other fault of a query, through Prisma's, its adapter's and the driver's errors.
import { CodedError } from '../error.ts';

/**
 * Prisma's codes: unreachable, timed out, no TLS, connection closed, pool exhausted. A certificate runs out while processes run and
 * is renewed without them; a wrong password (P1000) or database (P1003) is no outage, since no wait would mend the address.
 */
const prismaCodes = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2037']);
/** The adapter's names for the same. */
const adapterKinds = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
]);
const systemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);
/**
 * Classes 08 (connection), 53 (resources) and 57P (shutting down, starting up) of PostgreSQL's SQLSTATE, 57014: it did not get to
 * the end of a statement in time, and 25P03: it ended a connection that stood still within a transaction.
 */
const sqlStates = /^(08|53|57P|57014|25P03)/u;
/** Of Prisma's P2028 those that say that time was over: before a transaction began, or within it, where the process stood still. */
const messages =
  /ECONNREFUSED|ECONNRESET|terminated unexpectedly|Connection terminated|timeout exceeded when trying to connect|connection timeout|not queryable|Query read timeout|Unable to start a transaction|expired transaction/iu;
const deepest = 6;

/** Whether an error, or what caused it, says that the server cannot be reached. */
export function isUnavailable(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > deepest) return false;
  // That one is told already what it is: its cause may be another server that was away.
  if (error instanceof CodedError) return error.code === 'database_unavailable';
  const { code, kind, originalCode, message, cause, meta, driverAdapterError } = error as Record<
    string,
    unknown
  >;
  if ([code, originalCode].some((value) => typeof value === 'string' && isUnavailableCode(value)))
    return true;
  if (typeof kind === 'string' && adapterKinds.has(kind)) return true;
  if (typeof message === 'string' && messages.test(message)) return true;
  return [cause, meta, driverAdapterError].some((inner) => isUnavailable(inner, depth + 1));
}

/**
 * Runs queries.
 *
 * @throws CodedError `database_unavailable` when the server cannot be reached; what else `work` throws.
 */
export async function withCodedOutage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new CodedError('database_unavailable', 'PostgreSQL does not answer.', { cause: error });
  }
}

function isUnavailableCode(code: string): boolean {
  return prismaCodes.has(code) || systemCodes.has(code) || sqlStates.test(code);
}
