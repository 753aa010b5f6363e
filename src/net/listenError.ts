import { PortInUseError } from './options.ts';

/**
 * libp2p reports failed listeners as text, one line per address. The first that names a taken port becomes a
 * PortInUseError; anything else stays what it is.
 */
export function listenError(error: unknown): unknown {
  const text = error instanceof Error ? error.message : '';
  const address = /^\s*(\/\S+): [^\n]*EADDRINUSE/m.exec(text)?.[1];
  return address === undefined ? error : new PortInUseError(address, { cause: error });
}
