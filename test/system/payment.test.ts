import assert from 'node:assert/strict';
import * as bitcoin from 'bitcoinjs-lib';
import { ECPairFactory } from 'ecpair';
import * as ecc from 'tiny-secp256k1';
import { NETWORKS } from '../support/cluster.ts';
import { DevnetProcess } from '../support/devnetProcess.ts';
import type { RpcFailure } from '../support/rpcCall.ts';
import { until } from '../support/wait.ts';

const ECPair = ECPairFactory(ecc);
const REGTEST = bitcoin.networks.regtest;
const FEE = 1000n;

interface DecodedBlock {
  readonly tx: readonly {
    readonly txid: string;
    readonly vout: readonly {
      readonly n: number;
      readonly value: number;
      readonly scriptPubKey: { readonly address?: string };
    }[];
  }[];
}

/** A spendable output of the address, found by walking the chain as an explorer would. */
async function findCoin(
  devnet: DevnetProcess,
  address: string,
): Promise<{ txid: string; vout: number; satoshi: bigint }> {
  const tip = await devnet.rpc<number>('full', 'getblockcount');
  for (let height = 0; height <= tip; height++) {
    const hash = await devnet.rpc<string>('full', 'getblockhash', height);
    const block = await devnet.rpc<DecodedBlock>('full', 'getblock', hash, 2);
    for (const tx of block.tx) {
      for (const out of tx.vout) {
        if (out.scriptPubKey.address !== address) continue;
        type Coin = { confirmations: number; coinbase: boolean } | null;
        const coin = await devnet.rpc<Coin>('full', 'gettxout', tx.txid, out.n);
        if (coin === null || (coin.coinbase && coin.confirmations < 100)) continue;
        return { txid: tx.txid, vout: out.n, satoshi: BigInt(Math.round(out.value * 1e8)) };
      }
    }
  }
  throw new Error(`no spendable coin of ${address} up to height ${tip}`);
}

/** The whole coin of a funded address to `to`, signed by bitcoinjs-lib with the key of the banner. */
async function payment(devnet: DevnetProcess, index: number, to: string): Promise<bitcoin.Transaction> {
  const from = devnet.funded(index);
  const key = ECPair.fromWIF(from.wif, REGTEST);
  assert.equal(Buffer.from(key.privateKey as Uint8Array).toString('hex'), from.privateKey.toString('hex'));
  const { address, output } = bitcoin.payments.p2wpkh({ pubkey: key.publicKey, network: REGTEST });
  assert.equal(address, from.address);
  const coin = await findCoin(devnet, from.address);
  const psbt = new bitcoin.Psbt({ network: REGTEST });
  const witnessUtxo = { script: output as Uint8Array, value: coin.satoshi };
  psbt.addInput({ hash: coin.txid, index: coin.vout, witnessUtxo });
  psbt.addOutput({ address: to, value: coin.satoshi - FEE });
  psbt.signInput(0, key);
  psbt.finalizeAllInputs();
  return psbt.extractTransaction();
}

for (const network of NETWORKS) {
  describe(`payments on three processes (${network})`, function () {
    this.timeout(180_000);
    let devnet: DevnetProcess;
    before(async () => {
      devnet = await DevnetProcess.start(network, network === 'regtest' ? ['--block-time', '2'] : []);
      const height = await devnet.rpc<number>('miner', 'getblockcount');
      await until('the others to have what the miner has', 30_000, async () => {
        const others = await Promise.all(['full', 'light'].map((role) => devnet.rpc<number>(role, 'getblockcount')));
        return others.every((h) => h >= height);
      });
    });
    after(async () => {
      if (devnet.child.exitCode === null) await devnet.stop('SIGKILL');
    });

    const blockOf = (txid: string): Promise<string> =>
      until(`${txid} in a block`, 90_000, async () => {
        const seen = await devnet.rpc<{ blockhash?: string }>('full', 'getrawtransaction', txid, 1);
        return seen.blockhash;
      });

    it('submitted at the full node: gossiped to the miner, mined, confirmed on all three, proved to the light node', async () => {
      const tx = await payment(devnet, 0, devnet.funded(1).address);
      const txid = tx.getId();
      const height = await devnet.rpc<number>('miner', 'getblockcount');
      assert.equal(await devnet.rpc('full', 'sendrawtransaction', tx.toHex()), txid);
      await until('gossip to bring it to the miner', 20_000, async () => {
        const pool = await devnet.rpc<string[]>('miner', 'getrawmempool');
        return pool.includes(txid) || (await devnet.rpc<number>('miner', 'getblockcount')) > height;
      });
      const block = await blockOf(txid);
      const onMiner = await devnet.rpc<{ confirmations: number }>('miner', 'getrawtransaction', txid, 1);
      assert.ok(onMiner.confirmations >= 1);
      await until('the light node to have the block', 20_000, async () => {
        const header = await devnet.rpc<{ confirmations: number }>('light', 'getblockheader', block);
        return header.confirmations >= 1;
      });

      const proof = await devnet.rpc<string>('light', 'gettxoutproof', [txid], block);
      assert.deepEqual(await devnet.rpc('light', 'verifytxoutproof', proof), [txid]);
      assert.equal(proof, await devnet.rpc('full', 'gettxoutproof', [txid], block));
      // One bit of the last hash bent: it no longer leads to the header's merkle root, and proves nothing.
      const at = proof.length - 10;
      const bent =
        proof.slice(0, at) + (Number.parseInt(proof[at] as string, 16) ^ 1).toString(16) + proof.slice(at + 1);
      assert.deepEqual(await devnet.rpc('light', 'verifytxoutproof', bent), []);

      const [input] = tx.ins;
      const spent = Buffer.from(input?.hash as Uint8Array).reverse();
      assert.equal(await devnet.rpc('full', 'gettxout', spent.toString('hex'), input?.index), null);
      await assert.rejects(devnet.rpc('full', 'sendrawtransaction', tx.toHex()), { code: -27 });
    });

    it('submitted at the light node: taken by its peers and mined', async () => {
      const tx = await payment(devnet, 2, devnet.funded(2).address);
      assert.equal(await devnet.rpc('light', 'sendrawtransaction', tx.toHex()), tx.getId());
      await blockOf(tx.getId());
    });

    it("with a signature that does not fit: refused at full and light node with Bitcoin Core's reason", async () => {
      const tx = await payment(devnet, 3, devnet.funded(3).address);
      const witness = (tx.ins[0] as { witness: Uint8Array[] }).witness;
      const signature = Buffer.from(witness[0] as Uint8Array);
      signature[20] = (signature[20] as number) ^ 1;
      witness[0] = signature;
      for (const role of ['full', 'light']) {
        await assert.rejects(devnet.rpc(role, 'sendrawtransaction', tx.toHex()), (error: RpcFailure) => {
          assert.equal(error.code, -26, `${role}: ${error.message}`);
          assert.match(error.message, /script-verify-flag-failed/);
          return true;
        });
      }
    });

    it('spending one coin twice: the second is refused', async () => {
      const tx = await payment(devnet, 4, devnet.funded(4).address);
      const rival = await payment(devnet, 4, devnet.funded(5).address);
      await devnet.rpc('full', 'sendrawtransaction', tx.toHex());
      await assert.rejects(devnet.rpc('full', 'sendrawtransaction', rival.toHex()), (error: RpcFailure) => {
        // In the pool, or confirmed since.
        assert.ok(error.code === -26 || error.code === -25, error.message);
        return true;
      });
    });
  });
}
