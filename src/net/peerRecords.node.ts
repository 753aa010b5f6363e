import type { LevelDatastore } from 'datastore-level';
import { createLibp2p } from 'libp2p';

/** Keys of libp2p's peer store; others (the DHT's) have records of their own kinds. */
const PEERS = '/peers/';

/**
 * Tells what is wrong with a record of the peer store: what libp2p itself says when it reads it. Undefined when nothing is,
 * and for records of other kinds. Starts no network.
 */
export async function peerRecordFaults(): Promise<(key: string, value: Uint8Array) => Promise<string | undefined>> {
  let record: { readonly key: { toString(): string }; readonly value: Uint8Array } | undefined;
  const datastore = {
    async *query() {
      if (record !== undefined) yield record;
    },
    // Of records that are too old.
    delete: async () => {},
  };
  const node = await createLibp2p({ start: false, datastore: datastore as unknown as LevelDatastore });
  return async (key, value) => {
    if (!key.startsWith(PEERS)) return undefined;
    record = { key: { toString: () => key }, value };
    try {
      await node.peerStore.all();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
}
