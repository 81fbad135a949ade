// Who is answered while there is no access control: programs and pages of this machine, by a loopback name.
import { CodedError } from '../../error.ts';
import { isLoopback } from '../../machine/loopback.ts';

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
