// Which host names are this machine's own.
import { isIP } from 'node:net';

/** Whether a host name (without port; IPv6 with or without brackets) names this machine's loopback interface. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/u, '$1');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}
