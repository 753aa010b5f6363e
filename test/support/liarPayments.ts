import * as bitcoin from 'bitcoinjs-lib';
import { ECPairFactory } from 'ecpair';
import * as ecc from 'tiny-secp256k1';
import { decodeTx, Tx } from '../../src/primitives/tx.ts';
import { privateKeyOf } from './devKey.ts';
import type { TestNode } from './nodeProcess.ts';

const REGTEST = bitcoin.networks.regtest;
export const FEE = 1000n;

export interface Spendable {
  /** As people see it. */
  readonly txid: string;
  readonly vout: number;
  readonly satoshi: bigint;
  /** Of the development mnemonic. */
  readonly index: number;
}

function keyOf(index: number) {
  const key = ECPairFactory(ecc).fromPrivateKey(privateKeyOf(index), { network: REGTEST });
  const { address, output } = bitcoin.payments.p2wpkh({ pubkey: key.publicKey, network: REGTEST });
  return { key, address: address as string, script: output as Uint8Array };
}

/** Address `index` of the development mnemonic. */
export function devAddress(index: number): string {
  return keyOf(index).address;
}

/** Coins of development keys 0 … `count` - 1: genesis has them on cairn-devnet, on regtest blocks are made for them. */
export async function devCoins(node: TestNode, count: number): Promise<Spendable[]> {
  if ((await node.rpc<{ networkid: string }>('getblockchaininfo')).networkid === 'regtest') {
    for (let i = 0; i < count; i++) await node.rpc('generatetoaddress', 1, devAddress(i));
    await node.rpc('generatetoaddress', 100, 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080');
  }
  const coins: Spendable[] = [];
  const wanted = new Map(Array.from({ length: count }, (_, i) => [devAddress(i), i]));
  for (let height = 0; coins.length < count; height++) {
    const block = await node.rpc<{
      tx: { txid: string; vout: { n: number; value: number; scriptPubKey: { address?: string } }[] }[];
    }>('getblock', await node.rpc<string>('getblockhash', height), 2);
    for (const tx of block.tx)
      for (const out of tx.vout) {
        const index = wanted.get(out.scriptPubKey.address ?? '');
        if (index === undefined) continue;
        wanted.delete(out.scriptPubKey.address as string);
        coins.push({ txid: tx.txid, vout: out.n, satoshi: BigInt(Math.round(out.value * 1e8)), index });
      }
  }
  return coins.sort((a, b) => a.index - b.index);
}

/** Pays the coin to another development key, signed by bitcoinjs-lib. */
export function pay(coin: Spendable, to: number): { readonly tx: Tx; readonly coin: Spendable } {
  const from = keyOf(coin.index);
  const psbt = new bitcoin.Psbt({ network: REGTEST });
  psbt.addInput({ hash: coin.txid, index: coin.vout, witnessUtxo: { script: from.script, value: coin.satoshi } });
  psbt.addOutput({ address: devAddress(to), value: coin.satoshi - FEE });
  psbt.signInput(0, from.key);
  psbt.finalizeAllInputs();
  const tx = decodeTx(Uint8Array.from(psbt.extractTransaction().toBuffer()));
  return { tx, coin: { txid: tx.id, vout: 0, satoshi: coin.satoshi - FEE, index: to } };
}

/** The same transaction with a signature in which one bit is bent: same txid, another wtxid. */
export function withBadSignature(tx: Tx): Tx {
  const [input] = tx.inputs;
  if (input === undefined) throw new Error('no input');
  const signature = Uint8Array.from(input.witness[0] as Uint8Array);
  signature[20] = (signature[20] as number) ^ 1;
  return new Tx({ ...fieldsOfTx(tx), inputs: [{ ...input, witness: [signature, input.witness[1] as Uint8Array] }] });
}

/** The same transaction without witnesses. */
export function stripped(tx: Tx): Tx {
  return new Tx({ ...fieldsOfTx(tx), inputs: tx.inputs.map((input) => ({ ...input, witness: [] })) });
}

function fieldsOfTx({ version, inputs, outputs, lockTime }: Tx) {
  return { version, inputs, outputs, lockTime };
}
