import type { StreamName, TopicName } from './peer.ts';

export const TOPIC_NAMES: readonly TopicName[] = ['tx', 'block', 'header'];
export const STREAM_NAMES: readonly StreamName[] = ['sync', 'light'];

/** Protocol and topic names of one chain (protocol §1.1). */
export interface ProtocolIds {
  readonly hello: string;
  readonly kad: string;
  readonly streams: Readonly<Record<StreamName, string>>;
  readonly topics: Readonly<Record<TopicName, string>>;
}

/** `id16`: first 16 hex digits of the chainId as displayed. Throws RangeError on anything else. */
export function protocolIds(id16: string): ProtocolIds {
  if (!/^[0-9a-f]{16}$/.test(id16)) throw new RangeError(`id16 is not 16 hex digits: ${JSON.stringify(id16)}`);
  const id = (name: string): string => `/cairn/${id16}/${name}/1`;
  return {
    hello: id('hello'),
    kad: id('kad'),
    streams: { sync: id('sync'), light: id('light') },
    topics: { tx: id('tx'), block: id('block'), header: id('header') },
  };
}

/** The id16 of a chain when `protocol` is the hello protocol of any, in any version: tells apart peers of other chains. */
export function chainOfHello(protocol: string): string | undefined {
  return /^\/cairn\/([0-9a-f]{16})\/hello\/\d{1,4}$/.exec(protocol)?.[1];
}
