import { lookup as systemLookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { ServerError } from './error.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an IP address in its text form is the machine's own. */
export function isLoopback(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

export interface ListenAddress {
  /** An IP address, never a name. */
  readonly host: string;
  readonly port: number;
}

/** The addresses of a name, as the system resolves it. */
export type Lookup = (name: string) => Promise<readonly string[]>;

async function lookupAll(name: string): Promise<readonly string[]> {
  const found = await systemLookup(name, { all: true, order: 'ipv4first' });
  return found.map((entry) => entry.address);
}

const form = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/;

function parseListen(listen: string): ListenAddress {
  const match = form.exec(listen);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (match === null || host === '' || port > 65_535 || (match[1] !== undefined && isIP(host) !== 6)) {
    throw new ServerError(
      'listen',
      `can't listen on "${listen}": expected host:port with a port from 0 to 65535, such as 127.0.0.1:8080 or [::1]:8080`,
    );
  }
  return { host, port };
}

function refuse(listen: string, why: string): never {
  throw new ServerError(
    'not-loopback',
    `refuses to listen on ${listen}: ${why}, and whoever can reach the port could read every answer. Say who may, in spec.access of the ` +
      'Agent manifest (docs/access.md), or listen on 127.0.0.1, [::1] or localhost',
  );
}

/**
 * Where to listen. Without `access` only 127.0.0.0/8, ::1 and `localhost` (whose every address must be one of these) are allowed.
 * Throws ServerError `listen` (not host:port) or `not-loopback`.
 */
export async function resolveListen(
  listen: string,
  access: boolean,
  lookup: Lookup = lookupAll,
): Promise<ListenAddress> {
  const { host, port } = parseListen(listen);
  if (isIP(host) !== 0) {
    if (access || isLoopback(host)) return { host, port };
    return refuse(listen, `${host} is reachable from other machines`);
  }
  if (!access && host.toLowerCase() !== 'localhost') {
    return refuse(listen, `${host} is a name that may lead to an address that other machines reach`);
  }
  const addresses = await lookup(host).catch((error: unknown) => {
    throw new ServerError('listen', `can't listen on ${listen}: ${host} doesn't resolve`, { cause: error });
  });
  const [first] = addresses;
  if (first === undefined)
    throw new ServerError('listen', `can't listen on ${listen}: ${host} has no address`);
  const foreign = addresses.find((address) => !isLoopback(address));
  if (foreign !== undefined && !access)
    return refuse(listen, `${host} resolves to ${foreign} on this machine`);
  return { host: first, port };
}

const hostHeader = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?$/;

/**
 * Whether a Host header names this machine by a loopback address or `localhost`. A page of another site that had its name resolve
 * to 127.0.0.1 (DNS rebinding) still sends its own name.
 */
export function isLoopbackHost(header: string | undefined): boolean {
  const match = hostHeader.exec(header ?? '');
  if (match === null) return false;
  const [, ipv6, name = ''] = match;
  if (ipv6 !== undefined) return isIP(ipv6) === 6 && isLoopback(ipv6);
  return name.toLowerCase() === 'localhost' || isLoopback(name);
}
