import * as bitcoin from 'bitcoinjs-lib';
import { ECPairFactory, type ECPairInterface } from 'ecpair';
import * as ecc from 'tiny-secp256k1';
import { privateKeyOf } from './devKey.ts';
import type { TestNode } from './nodeProcess.ts';
import { sleep, until } from './wait.ts';

const REGTEST = bitcoin.networks.regtest;
const FEE = 500n;

interface Coin {
  readonly txid: string;
  readonly vout: number;
  readonly satoshi: bigint;
}

/** Payments that keep coming: one coin of a development key is paid to itself again and again, signed by bitcoinjs-lib. */
export class TxFlow {
  readonly #node: TestNode;
  readonly #key: ECPairInterface;
  readonly #script: Uint8Array;
  readonly address: string;
  /** txids that the node took, oldest first. */
  readonly sent: string[] = [];
  #coin: Coin | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** `index` of the development mnemonic's addresses. */
  constructor(node: TestNode, index: number) {
    this.#node = node;
    this.#key = ECPairFactory(ecc).fromPrivateKey(privateKeyOf(index), { network: REGTEST });
    const { address, output } = bitcoin.payments.p2wpkh({ pubkey: this.#key.publicKey, network: REGTEST });
    this.address = address as string;
    this.#script = output as Uint8Array;
  }

  /** Finds a coin: on cairn-devnet genesis has one, on regtest 101 blocks are made first. */
  async fund(): Promise<void> {
    const node = this.#node;
    if ((await node.rpc<{ networkid: string }>('getblockchaininfo')).networkid === 'regtest') {
      await node.rpc('generatetoaddress', 1, this.address);
      await node.rpc('generatetoaddress', 100, 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080');
    }
    const height = await node.height();
    for (let h = 0; h <= height; h++) {
      const hash = await node.rpc<string>('getblockhash', h);
      const block = await node.rpc<{
        tx: { txid: string; vout: { n: number; value: number; scriptPubKey: { address?: string } }[] }[];
      }>('getblock', hash, 2);
      for (const tx of block.tx) {
        const out = tx.vout.find((o) => o.scriptPubKey.address === this.address);
        if (out === undefined) continue;
        this.#coin = { txid: tx.txid, vout: out.n, satoshi: BigInt(Math.round(out.value * 1e8)) };
        return;
      }
    }
    throw new Error(`no coin of ${this.address}`);
  }

  /** The next payment, not sent. `data`: bytes to carry in an OP_RETURN output. */
  next(data?: Uint8Array, fee = FEE): bitcoin.Transaction {
    const coin = this.#coin as Coin;
    const psbt = new bitcoin.Psbt({ network: REGTEST });
    const witnessUtxo = { script: this.#script, value: coin.satoshi };
    psbt.addInput({ hash: coin.txid, index: coin.vout, witnessUtxo });
    psbt.addOutput({ address: this.address, value: coin.satoshi - fee });
    if (data !== undefined) psbt.addOutput({ script: bitcoin.script.compile([0x6a, data]), value: 0n });
    psbt.signInput(0, this.#key);
    psbt.finalizeAllInputs();
    return psbt.extractTransaction();
  }

  /** Sends a payment that carries `bytes` bytes of data; throws when the node refuses it. Returns its txid. */
  async sendData(bytes: number): Promise<string> {
    const fee = BigInt(bytes + 300);
    const tx = this.next(Buffer.alloc(bytes, this.sent.length), fee);
    const txid = await this.#node.rpc<string>('sendrawtransaction', tx.toHex());
    this.sent.push(txid);
    this.#coin = { txid, vout: 0, satoshi: (this.#coin as Coin).satoshi - fee };
    return txid;
  }

  /** Sends one payment; false when the node does not take it now (too long a chain of unconfirmed ones, no node). */
  async sendOne(): Promise<boolean> {
    const tx = this.next();
    try {
      await this.#node.rpc('sendrawtransaction', tx.toHex());
    } catch {
      return false;
    }
    this.sent.push(tx.getId());
    this.#coin = { txid: tx.getId(), vout: 0, satoshi: (this.#coin as Coin).satoshi - FEE };
    return true;
  }

  /** Keeps sending until `stop`. */
  start(everyMs = 100): void {
    this.#running = (async () => {
      while (!this.#stopped) {
        await this.sendOne();
        await sleep(everyMs);
      }
    })();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** Waits until the last payment, and so every one before it, is in a block on `node`. */
  async settled(node: TestNode, ms: number): Promise<void> {
    const last = this.sent.at(-1) as string;
    await until(`payment ${last} in a block`, ms, async () => {
      const seen = await node.rpc<{ blockhash?: string }>('getrawtransaction', last, 1);
      return seen.blockhash !== undefined;
    });
  }
}
