// Who is answered while there is no access control: programs and pages of this machine, by a loopback name.
import { isIP } from 'node:net';
import { CodedError } from '../error.ts';

/** Whether a host name (without port; IPv6 with or without brackets) names this machine's loopback interface. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/u, '$1');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/**
 * Refuses to serve other machines: nothing would keep them out.
 *
 * @throws CodedError `configuration_invalid`.
 */
export function requireLoopback(host: string): void {
  if (!isLoopback(host))
    throw new CodedError(
      'configuration_invalid',
      `HOST must be 127.0.0.1, ::1 or localhost while AUTH is none, but is "${host}".`,
    );
}

/**
 * Checks the headers that a browser sets, so that no page of another site reaches the service: not by posting to it, and
 * not under a name of its own that resolves to loopback (DNS rebinding).
 *
 * @param rawHeaders names and values in turn, as they came: of two Host headers the parsed ones show only the first.
 * @throws CodedError `forbidden_host`, `forbidden_origin`, `invalid_request` for two Host headers (RFC 9112, section 3.2).
 */
export function checkAccess(
  headers: { readonly host?: string | undefined; readonly origin?: string | undefined },
  rawHeaders: readonly string[],
): void {
  const hosts = rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'host');
  if (hosts.length > 1) throw new CodedError('invalid_request', 'The request has two Host headers.');
  const host = parseHost(headers.host ?? '');
  if (!host || !isLoopback(host.hostname))
    throw new CodedError('forbidden_host', 'The Host header must name 127.0.0.1, localhost or [::1].');
  if (headers.origin === undefined) return;
  const origin = URL.canParse(headers.origin) ? new URL(headers.origin) : undefined;
  if (origin?.host !== host.host || !['http:', 'https:'].includes(origin.protocol))
    throw new CodedError('forbidden_origin', 'The Origin header names another site than the Host header.');
}

function parseHost(header: string): URL | undefined {
  if (!/^(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/u.test(header)) return undefined;
  return URL.canParse(`http://${header}`) ? new URL(`http://${header}`) : undefined;
}
