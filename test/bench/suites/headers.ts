import assert from 'node:assert/strict';
import { HeaderChain } from '../../../src/chain/headerChain.ts';
import type { HeaderStore } from '../../../src/chain/ports.ts';
import { judgeFor } from '../../../src/consensus/registry.ts';
import { createNetworkDefinition } from '../../../src/params/createNetwork.ts';
import { networkOf } from '../../../src/params/definition.ts';
import type { Network } from '../../../src/params/network.ts';
import { builtInNetwork } from '../../../src/params/networks.ts';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { decodeHeader, encodeHeader, type SealedHeader } from '../../../src/primitives/header.ts';
import { openHeaderStore } from '../../../src/store/openStores.node.ts';
import { EMPTY } from '../../../src/util/bytes.ts';
import { generateHeaders } from '../generator.ts';
import { type Bench, busy, perSecond, type Span, type Suite, timed } from '../harness.ts';

const SEED = 1;
/** Headers of one answer, as sync hands them over. */
const BATCH = 2000;
const WARM_UP = 10_000;

/** ASERT with targets so easy that a long chain of headers is made in seconds: 16 hashes each. */
function easyAsert(): Network {
  const [limitBits, startBits] = [0x207fffff, 0x200fffff];
  return networkOf(createNetworkDefinition({ name: 'bench-asert', genesisTime: 1_700_000_000, limitBits, startBits }));
}

const nowhere: HeaderStore = {
  async *loadHeaders() {},
  async putHeaders() {},
};

/** Decodes, judges and stores all headers; throws when one is refused. */
async function accept(network: Network, store: HeaderStore, bytes: readonly Uint8Array[]): Promise<void> {
  const chain = await HeaderChain.open({
    network,
    judge: judgeFor(network),
    store,
    clock: { nowMs: () => Date.now() },
  });
  for (let at = 0; at < bytes.length; at += BATCH) {
    const batch = bytes.slice(at, at + BATCH).map((header80): SealedHeader => {
      return { header: decodeHeader(header80), seal: EMPTY };
    });
    const { error, added } = await chain.acceptHeaders(batch);
    assert(error === undefined, error?.detail);
    assert.equal(added.length, batch.length);
  }
}

async function measure(bench: Bench, name: string, network: Network, count: number): Promise<void> {
  const headers = generateHeaders(network, SEED, count);
  const bytes = headers.map((header) => encodeHeader(header));
  const facts = { headers: count, seed: SEED, tip: headers.at(-1)?.id ?? '' };
  // The first thousands run code that is not optimised yet.
  await accept(network, nowhere, bytes.slice(0, WARM_UP));
  const verified: Span[] = [];
  const stored: Span[] = [];
  for (let run = 0; run < bench.runs; run++) {
    verified.push(await timed(() => accept(network, nowhere, bytes)));
    const store = await openHeaderStore({ dir: bench.tempDir(), network });
    stored.push(
      await timed(async () => {
        await accept(network, store, bytes);
        await store.close();
      }),
    );
  }
  bench.report(`${name}.verified`, 'headers/s', perSecond(count, verified), { ...facts, ...busy(verified) });
  bench.report(`${name}.stored`, 'headers/s', perSecond(count, stored), { ...facts, ...busy(stored) });
}

export const suite: Suite = {
  name: 'headers',
  about: 'headers judged, and judged and stored, with the difficulty of regtest and with ASERT',
  async run(bench) {
    usePlatformCrypto();
    const count = bench.quick ? 20_000 : 100_000;
    await measure(bench, 'regtest', builtInNetwork('regtest') as Network, count);
    await measure(bench, 'asert', easyAsert(), count);
  },
};
