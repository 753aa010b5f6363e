import assert from 'node:assert/strict';
import { join } from 'node:path';
import { sha256 } from '../../../src/crypto/hash.ts';
import { secp, signEcdsa } from '../../../src/crypto/secp.ts';
import type { Network } from '../../../src/params/network.ts';
import { builtInNetwork } from '../../../src/params/networks.ts';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { readBlocks, writeBlocks } from '../chain/blockFile.ts';
import { connectAll, openChain } from '../chain/openChain.ts';
import { ChainGenerator } from '../generator.ts';
import { type Bench, busy, perSecond, type Span, type Suite, timed } from '../harness.ts';

const SEED = 1;
const SIGNATURES = 5000;

/** Signatures verified per second by the provider of this process, on one thread: the wall for connecting blocks. */
async function verifySignatures(): Promise<Span> {
  const provider = secp();
  const key = new Uint8Array(32).fill(1);
  const publicKey = provider.publicKeyOf(key, true) as Uint8Array;
  const signed = Array.from({ length: SIGNATURES }, (_, i) => {
    const message = sha256(Uint8Array.of(i & 0xff, i >> 8));
    return { message, signature: signEcdsa(message, key) as Uint8Array };
  });
  return timed(() => {
    for (const { message, signature } of signed) assert(provider.verifyEcdsa(signature, message, publicKey));
  });
}

async function connect(bench: Bench): Promise<void> {
  const network = builtInNetwork('regtest') as Network;
  const dir = bench.tempDir();
  const [funding, paying] = [join(dir, 'funding'), join(dir, 'paying')];
  const generator = new ChainGenerator(network, SEED);
  writeBlocks(funding, generator.fund(bench.quick ? 10_000 : 40_000));
  const load = writeBlocks(paying, bench.quick ? generator.pay(10, 700, 1300) : generator.pay(50, 1500, 2500));

  const connected: Span[] = [];
  const verified: Span[] = [];
  for (let run = 0; run < bench.runs; run++) {
    verified.push(await verifySignatures());
    const opened = await openChain(network, bench.tempDir());
    await connectAll(opened.chain, readBlocks(funding));
    connected.push(
      await timed(async () => {
        await connectAll(opened.chain, readBlocks(paying));
        await opened.close();
      }),
    );
    assert.equal(opened.chain.tip().header.id, generator.tip.id);
  }
  const facts = { ...load, seed: SEED, tip: generator.tip.id, ...busy(connected) };
  bench.report('inputs', 'inputs/s', perSecond(load.inputs, connected), facts);
  bench.report('blocks', 'blocks/s', perSecond(load.blocks, connected), facts);
  const provider = { provider: secp().name, threads: 1, ...busy(verified) };
  bench.report('signatures', 'verifies/s', perSecond(SIGNATURES, verified), provider);
}

export const suite: Suite = {
  name: 'connect',
  about: 'blocks of signed P2WPKH payments, from a file through the chain to a flushed database',
  async run(bench) {
    usePlatformCrypto();
    await connect(bench);
  },
};
