// TCP ports that nobody uses now.
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CodedError } from '../error.ts';
import { requireFreePort } from '../machine/require-free-port.ts';

const firstPort = 15_000;
const usualFirstOutgoingPort = 32_768;
const mostAttempts = 100;

/**
 * A port of this machine's own address that nobody listens on now. It is drawn from below the range out of which the
 * system gives ports to outgoing connections: a server that starts, or starts again, never finds one of those on it.
 *
 * @throws CodedError `configuration_invalid` when none of many ports can be listened on.
 */
export async function freePort(): Promise<number> {
  const end = await firstOutgoingPort();
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const port = randomInt(firstPort, end);
    if (await canListen(port)) return port;
  }
  throw new CodedError(
    'configuration_invalid',
    `No port from ${firstPort} to ${end - 1} can be listened on.`,
  );
}

/**
 * Where the system begins to give ports to outgoing connections (Linux: ip-sysctl, ip_local_port_range); the usual
 * place where it does not say, or leaves no room below.
 */
async function firstOutgoingPort(): Promise<number> {
  const range = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const first = Number.parseInt(range, 10);
  return first > firstPort ? first : usualFirstOutgoingPort;
}

function canListen(port: number): Promise<boolean> {
  return requireFreePort('127.0.0.1', port).then(
    () => true,
    () => false,
  );
}
