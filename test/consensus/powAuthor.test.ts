import { strict as assert } from 'node:assert';
import type { HeaderTemplate, StopSignal } from '../../src/consensus/engine.ts';
import { type NonceSearch, powAuthor } from '../../src/consensus/pow/powAuthor.ts';
import { judgeFor } from '../../src/consensus/registry.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import { decodeCompact } from '../../src/primitives/compact.ts';
import { BlockHeader, decodeHeader } from '../../src/primitives/header.ts';
import { Branch, mined } from './branch.ts';

const network = builtInNetwork('regtest');
assert.ok(network);
const branch = new Branch(judgeFor(network), network.genesis.header);

const template = (maxTime: number): HeaderTemplate => ({
  header: new BlockHeader(branch.next({ time: 1_700_000_000, nonce: 99 })),
  height: 1,
  maxTime,
});

class Stop implements StopSignal {
  aborted = false;
  readonly #listeners: (() => void)[] = [];
  onAbort(fn: () => void): void {
    this.#listeners.push(fn);
  }
  abort(): void {
    this.aborted = true;
    for (const fn of this.#listeners) fn();
  }
}

/** Tries nonces in the calling thread. */
const inline: NonceSearch = {
  search: async (header80, target) => {
    const header = decodeHeader(header80);
    return { nonce: mined(header, target).nonce, time: header.time };
  },
};

describe('consensus/powAuthor', () => {
  it('seals a header that the judge accepts, with an empty seal and nothing else changed', async () => {
    const t = template(1_700_000_000);
    const sealed = await powAuthor(inline).seal(t, null, new Stop());
    assert.ok(sealed);
    assert.equal(sealed.seal.length, 0);
    assert.ok(branch.verify(sealed.header, 1_700_000_000_000).ok);
    const { version, prevHash, merkleRoot, time, bits } = t.header;
    for (const [key, value] of Object.entries({ version, prevHash, merkleRoot, time, bits }))
      assert.deepEqual(sealed.header[key as 'version'], value);
  });

  it('gives the searcher the target of the bits', async () => {
    let seen = 0n;
    await powAuthor({
      search: async (_h, target) => {
        seen = target;
        return { nonce: 1, time: 1_700_000_000 };
      },
    }).seal(template(1_700_000_000), null, new Stop());
    assert.equal(seen, decodeCompact(0x207fffff).target);
  });

  it('raises the time by one second whenever all nonces are used up, and stops at maxTime', async () => {
    const times: number[] = [];
    const exhausted: NonceSearch = {
      search: async (header80) => {
        times.push(decodeHeader(header80).time);
        return undefined;
      },
    };
    assert.equal(await powAuthor(exhausted).seal(template(1_700_000_003), null, new Stop()), undefined);
    assert.deepEqual(times, [1_700_000_000, 1_700_000_001, 1_700_000_002, 1_700_000_003]);
  });

  it('uses the time of the searcher when that raised it', async () => {
    const sealed = await powAuthor({ search: async () => ({ nonce: 5, time: 1_700_000_001 }) }).seal(
      template(1_700_000_009),
      null,
      new Stop(),
    );
    assert.equal(sealed?.header.time, 1_700_000_001);
    assert.equal(sealed?.header.nonce, 5);
  });

  it('resolves with nothing when stopped: before the search and within it', async () => {
    const stopped = new Stop();
    stopped.abort();
    assert.equal(await powAuthor(inline).seal(template(1_700_000_000), null, stopped), undefined);
    let calls = 0;
    const stop = new Stop();
    const waiting: NonceSearch = {
      search: (_h, _t, signal) => {
        calls++;
        return new Promise((resolve) => signal.onAbort(() => resolve(undefined)));
      },
    };
    const sealing = powAuthor(waiting).seal(template(1_700_000_100), null, stop);
    stop.abort();
    assert.equal(await sealing, undefined);
    assert.equal(calls, 1);
  });

  it('passes on a failing searcher as a failure, not as a verdict', async () => {
    const failing: NonceSearch = { search: () => Promise.reject(new Error('worker died')) };
    await assert.rejects(powAuthor(failing).seal(template(1_700_000_000), null, new Stop()), /worker died/);
  });
});
