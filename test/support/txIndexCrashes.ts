import assert from 'node:assert/strict';
import { TxIndex } from '../../src/index/txIndex.ts';
import type { Block } from '../../src/primitives/block.ts';
import { displayHash, type Hash256 } from '../../src/primitives/hash.ts';
import { KvTxIndexStore } from '../../src/store/txIndexStore.node.ts';
import type { Kv } from '../../src/util/ports.ts';
import { silentLogger } from '../../src/util/ports.ts';
import { makeScript } from '../chain/crashScript.ts';
import { acceptAll, openChain, openStore } from '../chain/setup.ts';
import { type Fault, FaultyDisk } from '../store/faultyDisk.ts';
import { type CrashMode, MemoryDisk } from '../store/memoryDisk.ts';
import { SimClock } from './simClock.ts';

/** Between two steps: about every third commit of the chain is synced, while every write of the index is. */
const STEP_MS = 400;

/** A machine: the chain's database and files on one disk, the index's database on another. They fail together. */
interface Machine {
  readonly chain: MemoryDisk;
  readonly index: MemoryDisk;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function open({ chain: disk }: Machine, indexKv: Kv) {
  const clock = new SimClock();
  const behind = { clock, timers: clock, fail: () => {} };
  const store = await openStore(disk, { cacheBytes: 2048, flushSlice: 3, behind });
  const { chain } = await openChain(disk, { store });
  const index = new TxIndex({
    ...{ chain, store: new KvTxIndexStore(indexKv, 'memory'), log: silentLogger },
    // As many writes as can be: a pause would gather several blocks in one.
    pause: async () => {},
  });
  index.start();
  return { clock, store, chain, index };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function settled(index: TxIndex): Promise<void> {
  for (let i = 0; i < 2000 && !index.info().synced && index.info().failed === undefined; i++) await turn();
  await turn();
}

const MODES = ['nothing', 'all'] as const satisfies readonly CrashMode[];
const FAULTS = ['refused', 'torn', 'answer lost', 'full', 'gone'] as const satisfies readonly Fault[];

/** `thorough`: every way to fail at every write; otherwise each write fails in some of them. */
export function describeTxIndexCrashes(thorough: boolean): void {
  describe('index: crash at every write of chain or index, over reorganisations', function () {
    this.timeout(120_000);
    const { base, steps } = makeScript();
    const blocks = [...base, ...steps.flatMap(({ block }) => (block === undefined ? [] : [block]))];
    const ids = [...new Map(blocks.flatMap(({ txs }) => txs.map((tx) => [tx.id, tx.txid] as const))).values()];
    let start: Machine;

    /** Goes through the script as time passes; whatever fails is met by whoever restarts. */
    async function play({ chain, clock, store, index }: Opened): Promise<void> {
      try {
        for (const [i, { headers, block }] of steps.entries()) {
          if (headers !== undefined) await chain.acceptHeaders(headers);
          if (block !== undefined) await chain.acceptBlock(block);
          await clock.run(i === 7 ? 301_000 : STEP_MS);
          await turn();
        }
        await index.close();
        await chain.close();
        await store.close();
      } catch {
        // The machine is off, or one of its disks is.
      }
      await index.close();
    }

    before(async () => {
      start = { chain: new MemoryDisk(), index: new MemoryDisk() };
      const opened = await open(start, start.index.kv);
      await acceptAll(opened.chain, base);
      await settled(opened.index);
      await opened.index.close();
      await opened.chain.close();
      await opened.store.close();
    });

    const machine = async (): Promise<Machine> => ({
      chain: await start.chain.clone(),
      index: await start.index.clone(),
    });

    /** Every transaction is found in the block of the active chain that holds it, and the others nowhere. */
    async function agrees({ chain, index }: Opened, where: string): Promise<void> {
      await settled(index);
      assert.deepEqual(index.info(), { synced: true, bestHeight: chain.tip().height, failed: undefined }, where);
      const holder = (txid: Hash256): Block | undefined =>
        blocks.find((block) => {
          const entry = chain.entry(block.header.hash);
          return (
            entry !== undefined && chain.isActive(entry) && block.txs.some((tx) => Buffer.compare(tx.txid, txid) === 0)
          );
        });
      for (const txid of ids) {
        const found = await index.find(txid);
        assert.equal(found && displayHash(found), holder(txid)?.header.id, `${where}: ${displayHash(txid)}`);
      }
    }

    /** Restarts: the index agrees with the chain, and when the script has been gone through again, too. */
    async function recovers(disks: Machine, where: string): Promise<void> {
      const again = await open(disks, disks.index.kv);
      await agrees(again, where);
      for (const { headers, block } of steps) {
        if (headers !== undefined) await again.chain.acceptHeaders(headers);
        if (block !== undefined) await again.chain.acceptBlock(block, { requested: true });
      }
      await agrees(again, `${where}, gone on`);
      await again.index.close();
      await again.chain.close();
    }

    /** Both disks go off when one of them has. */
    function wired(disks: Machine, isOff: () => boolean): Kv {
      const { kv } = disks.index;
      return {
        ...kv,
        batch: async (ops, options) => {
          if (isOff()) throw new Error('the machine is off');
          try {
            await kv.batch(ops, options);
          } catch (error) {
            disks.chain.crashAfter(1, 'nothing');
            throw error;
          }
        },
      };
    }

    for (const mode of MODES)
      for (const seed of thorough ? [undefined, 1] : [mode === 'nothing' ? undefined : 1])
        it(`a power cut at each write of the chain that leaves ${mode}${seed === undefined ? '' : `, with luck ${seed}`}`, async () => {
          let crashes = 0;
          for (let n = 1; ; n++) {
            const disks = await machine();
            const off = disks.chain.writes + n;
            // Opening writes nothing to a directory that was closed well.
            const opened = await open(
              disks,
              wired(disks, () => disks.chain.writes >= off),
            );
            await settled(opened.index);
            disks.chain.crashAfter(n, mode);
            await play(opened);
            if (disks.chain.writes < off) break;
            crashes++;
            await disks.chain.restart('power cut', seed);
            await disks.index.restart('power cut', seed);
            await recovers(disks, `write ${n}`);
          }
          assert.ok(crashes > 20, `${crashes} crashes`);
        });

    for (const mode of MODES)
      it(`a power cut at each write of the index that leaves ${mode}`, async () => {
        let crashes = 0;
        for (let n = 1; ; n++) {
          const disks = await machine();
          const opened = await open(
            disks,
            wired(disks, () => false),
          );
          await settled(opened.index);
          const off = disks.index.writes + n;
          disks.index.crashAfter(n, mode);
          await play(opened);
          if (disks.index.writes < off) break;
          crashes++;
          await disks.chain.restart('power cut', n);
          await disks.index.restart('power cut', n);
          await recovers(disks, `write ${n}`);
        }
        assert.ok(crashes > 5, `${crashes} crashes`);
      });

    it('a write of the index that goes wrong in any way, while the chain goes on', async () => {
      for (const always of thorough ? FAULTS : [undefined])
        for (let n = 1; ; n++) {
          const fault = always ?? (FAULTS[n % FAULTS.length] as Fault);
          const disks = await machine();
          const faulty = new FaultyDisk(disks.index.kv, disks.index.fs);
          const opened = await open(disks, faulty.kv);
          await settled(opened.index);
          faulty.failAt(n, fault);
          await play(opened);
          if (!faulty.failed) {
            assert.ok(n > 5, `${n} writes`);
            break;
          }
          assert.match(opened.index.info().failed ?? '', /write|space|gone/);
          await disks.chain.restart('kill');
          await disks.index.restart('kill');
          await recovers(disks, `${fault} at write ${n}`);
        }
    });
  });
}
