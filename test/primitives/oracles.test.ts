import { strict as assert } from 'node:assert';
import { Address as ScureAddress } from '@scure/btc-signer/payment.js';
import { RawTx } from '@scure/btc-signer/script.js';
import { address as jsAddress, networks as jsNetworks, Transaction } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { secp } from '../../src/crypto/secp.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { type AddressPrefixes, decodeAddress, encodeAddress } from '../../src/primitives/address.ts';
import { payToPubKeyHash, payToScriptHash, payToWitness } from '../../src/primitives/outputScript.ts';
import { decodeTx, Tx } from '../../src/primitives/tx.ts';
import { DecodeError } from '../../src/util/codec.ts';
import { toHex } from '../../src/util/hex.ts';

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const u32 = fc.oneof(fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff), fc.nat(0xffffffff));

const arbTx = fc
  .record({
    version: u32,
    lockTime: u32,
    inputs: fc.array(
      fc.record({
        prevout: fc.record({ txid: bytes(32), index: u32 }),
        scriptSig: fc.oneof(bytes(0, 40), bytes(253, 260)),
        sequence: u32,
        witness: fc.array(fc.oneof(bytes(0, 40), bytes(253, 260)), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    outputs: fc.array(fc.record({ value: fc.bigInt(0n, 2_100_000_000_000_000n), scriptPubKey: bytes(0, 60) }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map((fields) => new Tx(fields));

/** Bytes of a transaction with a few of them changed, left out or put in. */
const mutated = fc
  .tuple(arbTx, fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'add')), { maxLength: 3 }))
  .map(([tx, edits]) => {
    const out = [...tx.bytes];
    for (const [at, value, how] of edits) {
      const i = at % out.length;
      if (how === 'set') out[i] = value;
      else if (how === 'cut') out.splice(i, 1);
      else out.splice(i, 0, value);
    }
    return Uint8Array.from(out);
  });

/** What `read` makes of the bytes, undefined when it throws. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

type Ours = { readonly tx: Tx } | { readonly why: string };

function ours(raw: Uint8Array): Ours {
  try {
    return { tx: decodeTx(raw) };
  } catch (error) {
    assert.ok(error instanceof DecodeError);
    return { why: error.message };
  }
}

/** Fields as text, in one form for all libraries. */
function fieldsOf(tx: Tx): unknown {
  return {
    version: tx.version,
    lockTime: tx.lockTime,
    inputs: tx.inputs.map((i) => [
      toHex(i.prevout.txid),
      i.prevout.index,
      toHex(i.scriptSig),
      i.sequence,
      i.witness.map(toHex),
    ]),
    outputs: tx.outputs.map((o) => [o.value, toHex(o.scriptPubKey)]),
  };
}

function jsFieldsOf(tx: Transaction): unknown {
  return {
    version: tx.version >>> 0,
    lockTime: tx.locktime,
    inputs: tx.ins.map((i) => [toHex(i.hash), i.index, toHex(i.script), i.sequence, i.witness.map(toHex)]),
    outputs: tx.outs.map((o) => [o.value, toHex(o.script)]),
  };
}

function scureFieldsOf(tx: ReturnType<typeof RawTx.decode>): unknown {
  return {
    version: tx.version >>> 0,
    lockTime: tx.lockTime,
    inputs: tx.inputs.map((i, n) => [
      toHex(i.txid.slice().reverse()),
      i.index,
      toHex(i.finalScriptSig),
      i.sequence,
      (tx.witnesses?.[n] ?? []).map(toHex),
    ]),
    outputs: tx.outputs.map((o) => [o.amount, toHex(o.script)]),
  };
}

describe('transactions, cross-checked', () => {
  it('are read field by field as bitcoinjs-lib and btc-signer read them', () => {
    fc.assert(
      fc.property(arbTx, (tx) => {
        const read = decodeTx(tx.bytes);
        assert.deepEqual(jsFieldsOf(Transaction.fromBuffer(tx.bytes)), fieldsOf(read));
        assert.deepEqual(scureFieldsOf(RawTx.decode(tx.bytes)), fieldsOf(read));
      }),
      { numRuns: 300 },
    );
  });

  it('with bytes changed, left out or put in: the same fields and ids, or refused by all', () => {
    let same = 0;
    let refused = 0;
    fc.assert(
      fc.property(mutated, (raw) => {
        const mine = ours(raw);
        const js = attempt(() => Transaction.fromBuffer(raw));
        const scure = attempt(() => RawTx.decode(raw));
        if ('tx' in mine) {
          // The libraries take no negative amounts and none above 2^53, and no transaction without inputs.
          const odd = mine.tx.inputs.length === 0 || mine.tx.outputs.some((o) => o.value < 0n || o.value >= 1n << 53n);
          if (!odd) assert.ok(js !== undefined && scure !== undefined, `only we read ${toHex(raw)}`);
          if (js !== undefined && !odd) {
            assert.deepEqual(jsFieldsOf(js), fieldsOf(mine.tx));
            assert.equal(js.getId(), mine.tx.id);
            assert.equal(toHex(js.getHash(true)), toHex(mine.tx.wtxid));
            assert.equal(js.weight(), mine.tx.weight);
            same++;
          }
          if (scure !== undefined && !odd) assert.deepEqual(scureFieldsOf(scure), fieldsOf(mine.tx));
          return;
        }
        refused++;
        // They read lengths that are longer than they need to be, which Bitcoin Core does not.
        if (!/non-minimal/.test(mine.why)) {
          assert.equal(js, undefined, `only bitcoinjs-lib reads ${toHex(raw)}: ${mine.why}`);
          assert.equal(scure, undefined, `only btc-signer reads ${toHex(raw)}: ${mine.why}`);
        }
      }),
      { numRuns: 2000 },
    );
    assert.ok(same > 200 && refused > 200, `${same} read, ${refused} refused`);
  });
});

const prefixesOf = (name: string): AddressPrefixes => {
  const network = builtInNetwork(name);
  assert.ok(network);
  return network.prefixes;
};

const CHAINS = [
  { prefixes: prefixesOf('bitcoin-main'), js: jsNetworks.bitcoin },
  { prefixes: prefixesOf('regtest'), js: jsNetworks.regtest },
] as const;

/** Output keys of taproot are points: btc-signer looks. */
const pointX = bytes(32)
  .map((key) => secp().publicKeyOf(key, true))
  .filter((key) => key !== undefined)
  .map((key) => key.slice(1));

const script = fc.oneof(
  bytes(20).map(payToPubKeyHash),
  bytes(20).map(payToScriptHash),
  fc.oneof(bytes(20), bytes(32)).map((program) => payToWitness({ version: 0, program })),
  pointX.map((program) => payToWitness({ version: 1, program })),
);

/** Of each kind, the same text from everybody. */
function jsEncode(scriptPubKey: Uint8Array, chain: (typeof CHAINS)[number]): string {
  // Without a curve library bitcoinjs-lib has no taproot; its own bech32m serves.
  if (scriptPubKey[0] === 0x51) return jsAddress.toBech32(scriptPubKey.slice(2), 1, chain.js.bech32);
  return jsAddress.fromOutputScript(scriptPubKey, chain.js);
}

function jsDecode(text: string, chain: (typeof CHAINS)[number]): Uint8Array | undefined {
  return attempt(() => {
    const segwit = attempt(() => jsAddress.fromBech32(text));
    if (segwit?.version === 1 && segwit.prefix === chain.js.bech32 && segwit.data.length === 32)
      return payToWitness({ version: 1, program: segwit.data });
    return jsAddress.toOutputScript(text, chain.js);
  });
}

/** btc-signer's decoded address as a script, for the kinds above. */
function scureDecode(text: string, chain: (typeof CHAINS)[number]): Uint8Array | undefined {
  return attempt(() => {
    const value = ScureAddress(chain.js).decode(text);
    switch (value.type) {
      case 'pkh':
        return payToPubKeyHash(value.hash);
      case 'sh':
        return payToScriptHash(value.hash);
      case 'wpkh':
      case 'wsh':
        return payToWitness({ version: 0, program: value.hash });
      case 'tr':
        return payToWitness({ version: 1, program: value.pubkey });
      default:
        throw new Error(`kind ${value.type}`);
    }
  });
}

const hexOf = (raw: Uint8Array | undefined): string | undefined => (raw === undefined ? undefined : toHex(raw));

describe('addresses, cross-checked', () => {
  it('are written and read as bitcoinjs-lib and btc-signer do, on both chains', () => {
    fc.assert(
      fc.property(script, fc.constantFrom(...CHAINS), (scriptPubKey, chain) => {
        const text = encodeAddress(scriptPubKey, chain.prefixes);
        assert.ok(text !== undefined);
        assert.equal(jsEncode(scriptPubKey, chain), text);
        const decoded = decodeAddress(text, chain.prefixes);
        assert.ok(decoded.ok);
        assert.equal(toHex(decoded.value.scriptPubKey), toHex(scriptPubKey));
        assert.equal(hexOf(jsDecode(text, chain)), toHex(scriptPubKey));
        assert.equal(hexOf(scureDecode(text, chain)), toHex(scriptPubKey));
      }),
      { numRuns: 300 },
    );
  });

  it('with characters changed, of another chain, in another case: taken by all to the same script, or by none', () => {
    let taken = 0;
    const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'qpz023ac1lIO0bBLnT'), fc.boolean()), {
      maxLength: 2,
    });
    const shape = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => `${text.slice(0, 8)}${text.slice(8).toUpperCase()}`,
      (text) => text.slice(0, -1),
    );
    fc.assert(
      fc.property(script, fc.constantFrom(...CHAINS), fc.constantFrom(...CHAINS), edits, shape, (s, from, to, e, f) => {
        let text = encodeAddress(s, from.prefixes) as string;
        for (const [at, character, insert] of e) {
          const i = at % text.length;
          text = text.slice(0, i) + character + text.slice(insert ? i : i + 1);
        }
        text = f(text);
        const decoded = decodeAddress(text, to.prefixes);
        const mine = decoded.ok ? toHex(decoded.value.scriptPubKey) : undefined;
        assert.equal(hexOf(jsDecode(text, to)), mine, text);
        assert.equal(hexOf(scureDecode(text, to)), mine, text);
        if (decoded.ok) taken++;
      }),
      { numRuns: 2000 },
    );
    assert.ok(taken > 50, `${taken} taken`);
  });
});
