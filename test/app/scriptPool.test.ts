import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { type RunMessage, ScriptPool, type ScriptThread } from '../../src/app/scripts/scriptPool.node.ts';
import { layOut, takeBatches } from '../../src/app/scripts/scriptRun.ts';
import { inlineScriptChecker } from '../../src/chain/scriptCheckerInline.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { usePlatformCrypto } from '../../src/platform/nodejs.node.ts';
import { PASSED } from '../../src/primitives/rules.ts';
import { NO_WITNESS, SEQUENCE_FINAL, Tx, type TxIn, type TxOut } from '../../src/primitives/tx.ts';
import { verifyScript } from '../../src/script/verifyScript.ts';
import { EMPTY } from '../../src/util/bytes.ts';
import { p2wpkh } from '../script/signedSpends.ts';

const FLAGS = (1 << 0) | (1 << 2) | (1 << 11);
const inline = inlineScriptChecker({ verify: verifyScript, pause: async () => {} });

/** A payment of `count` P2WPKH inputs; the witnesses of `bad` inputs are another's. */
function job(count: number, seed: number, bad: readonly number[] = []) {
  const owners = [0, 1, 2, 3].map(p2wpkh);
  const spent: TxOut[] = Array.from({ length: count }, (_, i) => ({
    value: BigInt(1000 + i),
    scriptPubKey: (owners[i % 4] as (typeof owners)[number]).scriptPubKey,
  }));
  const bare: TxIn[] = spent.map((_, index) => ({
    prevout: { txid: sha256(Uint8Array.of(seed, seed >> 8)), index },
    scriptSig: EMPTY,
    sequence: SEQUENCE_FINAL,
    witness: NO_WITNESS,
  }));
  const fields = { version: 2, outputs: [{ value: 5n, scriptPubKey: Uint8Array.of(0x51) }], lockTime: 0 };
  const unsigned = new Tx({ ...fields, inputs: bare });
  const inputs = bare.map((input, i) => {
    const signer = owners[(bad.includes(i) ? i + 1 : i) % 4] as (typeof owners)[number];
    return { ...input, ...signer.unlock({ tx: unsigned, index: i, spent }) };
  });
  return { tx: new Tx({ ...fields, inputs }), spent, flags: FLAGS };
}

describe('app: scripts on other threads', function () {
  this.timeout(30_000);
  let pool: ScriptPool;
  before(() => {
    usePlatformCrypto();
    pool = new ScriptPool({ threads: 2, inline });
  });
  after(() => pool.close());

  const same = async (jobs: ReturnType<typeof job>[]): Promise<string> => {
    const [there, here] = await Promise.all([pool.check(jobs), inline.check(jobs)]);
    assert.deepEqual(there, here);
    return there.ok ? 'passed' : there.rule;
  };

  it('many small and one huge transaction pass, whatever batches they fall into', async () => {
    const jobs = Array.from({ length: 90 }, (_, i) => job(1 + (i % 3), i));
    assert.equal(await same([...jobs, job(200, 1000), ...jobs]), 'passed');
  });

  it('the first failing input of the first failing transaction is told, as one thread would', async () => {
    for (const [first, input] of [
      [0, 0],
      [3, 199],
      [5, 1],
      [99, 0],
    ] as const) {
      const jobs = Array.from({ length: 100 }, (_, i) =>
        i === 3
          ? job(200, i, first === 3 ? [input] : [])
          : job(2, i, i === first ? [input] : i > first + 2 ? [0, 1] : []),
      );
      assert.equal(await same(jobs), 'block-script-verify-flag-failed');
    }
  });

  it('several runs at the same time keep their verdicts apart', async () => {
    const runs = Array.from({ length: 12 }, (_, k) =>
      Array.from({ length: 30 + k }, (_, i) => job(1, i, k % 3 === 0 && i === 7 ? [0] : [])),
    );
    const verdicts = await Promise.all(runs.map((jobs) => pool.check(jobs)));
    assert.deepEqual(
      verdicts.map((v) => v.ok),
      runs.map((_, k) => k % 3 !== 0),
    );
  });

  it('no jobs pass; a few are not sent anywhere', async () => {
    const spawn = (): ScriptThread => assert.fail('no thread is needed');
    const lazy = new ScriptPool({ threads: 2, inline, spawn });
    assert.deepEqual(await lazy.check([]), { ok: true, value: undefined });
    assert.equal((await lazy.check([job(3, 1), job(3, 2, [2])])).ok, false);
    await lazy.close();
  });

  it('one input of a large transaction, or of a large script, is not run on the thread of the node', async () => {
    const spawn = (): ScriptThread => {
      throw new Error('a thread is needed');
    };
    const warnings: unknown[] = [];
    const small = job(1, 7);
    const [input] = small.tx.inputs as [TxIn];
    const large = new Tx({
      version: 2,
      lockTime: 0,
      inputs: [input],
      outputs: [{ value: 1n, scriptPubKey: new Uint8Array(20_000) }],
    });
    const script = { value: 1n, scriptPubKey: new Uint8Array(20_000) };
    for (const one of [
      { ...small, tx: large },
      { ...small, spent: [script] },
    ]) {
      const there = new ScriptPool({ threads: 2, inline, spawn, warn: (error) => warnings.push(error) });
      await there.check([one]);
    }
    assert.deepEqual(warnings.map(String), ['Error: a thread is needed', 'Error: a thread is needed']);
  });

  /** Threads that do what the test says when they are given a run. */
  class FakeThread extends EventEmitter {
    readonly #given: (thread: FakeThread, message: RunMessage) => void;
    ended = 0;
    constructor(given: (thread: FakeThread, message: RunMessage) => void) {
      super();
      this.#given = given;
    }
    postMessage(message: RunMessage): void {
      setImmediate(() => this.#given(this, message));
    }
    terminate = async (): Promise<number> => {
      this.ended++;
      return 0;
    };
    ref(): void {}
    unref(): void {}
  }

  /** A pool of three such threads; `full`: threads that can be started at all. */
  function fakePool(given: (thread: FakeThread, message: RunMessage) => void, full = Number.POSITIVE_INFINITY) {
    const born: FakeThread[] = [];
    const warnings: string[] = [];
    const fake = new ScriptPool({
      threads: 3,
      inline,
      spawn: () => {
        if (born.length >= full) throw new Error('no thread is left');
        born.push(new FakeThread(given));
        return born.at(-1) as unknown as ScriptThread;
      },
      warn: (error, message) => warnings.push(`${message} (${(error as Error).message})`),
    });
    return { fake, born, warnings };
  }

  const die = (thread: FakeThread): unknown => thread.emit('error', new Error('out of memory'));
  const answer = (thread: FakeThread, { id, shared }: RunMessage): unknown =>
    thread.emit('message', { id, fault: takeBatches(shared, verifyScript) });
  const many = (bad: readonly number[] = []) => Array.from({ length: 50 }, (_, i) => job(1, i, i === 9 ? bad : []));

  it('runs of threads that die are made again inline, with the same verdict; the next get new threads', async () => {
    let dying = true;
    const { fake, born, warnings } = fakePool((thread, message) => (dying ? die(thread) : answer(thread, message)));
    const [good, bad] = await Promise.all([fake.check(many()), fake.check(many([0]))]);
    assert.deepEqual(good, PASSED);
    assert.deepEqual(bad, await inline.check(many([0])));
    assert.equal(born.length, 3, 'one generation died, once');
    assert.deepEqual(
      born.map((thread) => thread.ended),
      [1, 1, 1],
    );
    dying = false;
    assert.deepEqual(await fake.check(many([0])), bad);
    assert.equal(born.length, 6);
    assert.deepEqual(warnings, ['a script thread died: its scripts are run on the main thread (out of memory)']);
    await fake.close();
  });

  it('a thread whose answer cannot be read counts as dead', async () => {
    const { fake } = fakePool((thread) => thread.emit('messageerror', new Error('not cloneable')));
    assert.deepEqual(await fake.check(many([0])), await inline.check(many([0])));
    await fake.close();
  });

  it('an error of a thread that was given up does not end those that came after it', async () => {
    const { fake, born } = fakePool((thread, message) => (born.length === 3 ? die(thread) : answer(thread, message)));
    await fake.check(many());
    const run = fake.check(many());
    die(born[0] as FakeThread);
    born[1]?.emit('exit', 1);
    assert.deepEqual(await run, PASSED);
    assert.ok(born.slice(3).every((thread) => thread.ended === 0));
    await fake.close();
  });

  it('threads that die again and again are given up, with two warnings in all', async () => {
    const { fake, born, warnings } = fakePool(die);
    for (let i = 0; i < 6; i++) assert.deepEqual(await fake.check(many()), PASSED);
    assert.equal(born.length, 9);
    assert.equal(warnings.length, 2);
    assert.match(warnings[1] ?? '', /again and again/);
    await fake.close();
  });

  it('where no thread, or fewer than wanted, can be started the node goes on, and none leaks', async () => {
    const none = fakePool(answer, 0);
    for (let i = 0; i < 5; i++) assert.deepEqual(await none.fake.check(many()), PASSED);
    assert.equal(none.warnings.length, 2);
    none.fake.warm();
    await none.fake.close();
    const one = fakePool(answer, 1);
    assert.deepEqual(await one.fake.check(many()), PASSED);
    assert.deepEqual(await one.fake.check(many([0])), await inline.check(many([0])));
    assert.deepEqual(one.warnings, ['only 1 of 3 script threads could be started (no thread is left)']);
    await one.fake.close();
    assert.equal(one.born[0]?.ended, 1);
  });

  it('a thread that dies as soon as it starts, before there is work, is no trouble', async () => {
    const { fake, born } = fakePool(answer);
    fake.warm();
    for (const thread of born) thread.emit('error', new Error('cannot load'));
    assert.deepEqual(await fake.check(many()), PASSED);
    assert.equal(born.length, 6);
    await fake.close();
  });

  it('closing ends runs under way with an error', async () => {
    const closing = new ScriptPool({ threads: 2, inline });
    const run = closing.check(Array.from({ length: 400 }, (_, i) => job(2, i)));
    await Promise.all([assert.rejects(run, /the node stops/), closing.close()]);
    await assert.rejects(async () => closing.check(Array.from({ length: 50 }, (_, i) => job(1, i))), /closed/);
  });

  it('a transaction with thousands of inputs is laid out once, and every input is run once', () => {
    const spent: TxOut[] = Array.from({ length: 5000 }, () => ({ value: 1n, scriptPubKey: new Uint8Array(300) }));
    const inputs = spent.map((_, index) => ({
      prevout: { txid: new Uint8Array(32), index },
      ...{ scriptSig: EMPTY, sequence: SEQUENCE_FINAL, witness: NO_WITNESS },
    }));
    const tx = new Tx({ version: 2, inputs, outputs: [], lockTime: 0 });
    const small = { tx: new Tx({ version: 2, inputs: inputs.slice(0, 1), outputs: [], lockTime: 0 }), flags: 1 };
    const jobs = [
      { ...small, spent: spent.slice(0, 1) },
      { tx, spent, flags: 2 ** 31 },
      { ...small, spent: spent.slice(1, 2) },
    ];
    const { shared, batches } = layOut(jobs, (bytes) => new SharedArrayBuffer(4 * Math.ceil(bytes / 4)));
    assert.ok(shared.byteLength < 1.1 * (tx.size + 5000 * 311));
    assert.equal(batches, Math.ceil(5002 / 64));
    const seen: string[] = [];
    const read = new Set<unknown>();
    const fault = takeBatches(shared, (of, index, outputs, flags) => {
      read.add(of);
      assert.equal(outputs.length, of.inputs.length);
      assert.equal(outputs[index]?.scriptPubKey.length, 300);
      seen.push(`${of.inputs.length} ${index} ${flags}`);
      return { ok: true };
    });
    assert.equal(fault, undefined);
    assert.deepEqual(seen, ['1 0 1', ...spent.map((_, i) => `5000 ${i} 2147483648`), '1 0 1']);
    assert.equal(read.size, 3);
  });
});
