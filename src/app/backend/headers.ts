import type { HeaderChainReader, HeaderChainWriter } from '../../chain/chain.ts';
import type { HeaderEntry } from '../../chain/entry.ts';
import { contextAfter } from '../../chain/headerIndex.ts';
import type { Judge } from '../../consensus/engine.ts';
import { broken, passed } from '../../primitives/rules.ts';
import type { HeadersBackend } from '../../rpc/backend.ts';

/** What of the node answers questions about headers: on a full node the active chain, on a light node the best headers. */
export interface HeadersParts {
  readonly chain: HeaderChainReader & HeaderChainWriter;
  readonly judge: Judge<unknown>;
  readonly tip: () => HeaderEntry;
  /** Calls back after the tip moved; the returned function ends it. */
  readonly onTip: (listener: () => void) => () => void;
  /** Transactions of the chain up to a block, undefined while unknown. */
  readonly chainTx: (entry: HeaderEntry) => number | undefined;
}

export function headersBackend({ chain, judge, tip, onTip, chainTx }: HeadersParts): HeadersBackend {
  return {
    tip,
    bestHeader: () => chain.bestHeader(),
    atHeight: (height) => (height < 0 || height > tip().height ? undefined : chain.ancestor(tip(), height)),
    entry: (hash) => chain.entry(hash),
    tips: () => chain.tips(),
    nextBits: (time) => judge.nextBits(contextAfter(tip()), tip().state, time),
    async acceptHeader(header) {
      const { last, error } = await chain.acceptHeaders([header]);
      if (error !== undefined) return error;
      return last === undefined ? broken('prev-blk-not-found', header.header.id) : passed(last);
    },
    onTip,
    chainTx({ header }) {
      const entry = chain.entry(header.hash);
      return entry && chainTx(entry);
    },
  };
}
