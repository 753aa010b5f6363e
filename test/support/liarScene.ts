import assert from 'node:assert/strict';
import type { IndexEntry } from '../../src/chain/headerIndex.ts';
import { builtInNetwork } from '../../src/params/networks.ts';
import type { RuleCode } from '../../src/primitives/rules.ts';
import { BranchMaker } from './branchMaker.ts';
import { Cluster, MINER_ADDRESS } from './cluster.ts';
import { LyingPeer, type LyingPeerOptions } from './lyingPeer.ts';
import type { TestNode } from './nodeProcess.ts';
import { until } from './wait.ts';

export interface SeenPeer {
  readonly peerid: string;
  readonly score: number;
}
interface SeenBan {
  readonly address: string;
  readonly reason: string;
}
export interface SeenTip {
  readonly height: number;
  readonly hash: string;
  readonly status: string;
}

/**
 * A node under test and an honest node, both real processes, and liars in the test's own process. What a lie did is read
 * from the node's JSON-RPC.
 */
export class LiarScene {
  readonly cluster: Cluster;
  readonly maker: BranchMaker;
  readonly #liars: LyingPeer[] = [];
  node!: TestNode;
  honest!: TestNode;
  #address = '';

  /** `name`: a built-in network, or the path of the file of `network`. */
  constructor(name: string, network = builtInNetwork(name)) {
    this.cluster = new Cluster(name);
    assert.ok(network !== undefined);
    this.maker = new BranchMaker(network);
  }

  /** Both nodes run, know each other, and have `blocks` blocks. */
  async start(blocks: number, flags: readonly string[] = []): Promise<void> {
    this.node = await (await this.cluster.add('node', 'full', { flags })).start();
    this.#address = await this.node.multiaddr();
    this.honest = await (await this.cluster.add('honest', 'full', { seeds: [this.#address] })).start();
    for (let left = blocks; left > 0; left -= 100)
      await this.honest.rpc('generatetoaddress', Math.min(left, 100), MINER_ADDRESS);
    const tip = await this.honest.tip();
    await until('the node to have the honest chain', 30_000, async () => (await this.node.tip()) === tip);
  }

  async end(): Promise<void> {
    await Promise.all(this.#liars.map((liar) => liar.stop()));
    await this.cluster.end();
  }

  /** The node's multiaddr. */
  get address(): string {
    return this.#address;
  }

  /** The node's peer id. */
  get nodeKey(): string {
    return this.#address.slice(this.#address.lastIndexOf('/') + 1);
  }

  /** The node's tip, as the test's own block maker knows it. */
  tip(): Promise<IndexEntry> {
    return this.maker.follow(this.node);
  }

  /** A liar that has the node's chain unless told otherwise, started but not connected. */
  async liar(options: Partial<LyingPeerOptions> = {}): Promise<LyingPeer> {
    const { network } = this.maker;
    const tip = options.tip ?? (await this.tip());
    const { group, dir } = this.cluster;
    const liar = await LyingPeer.start({ network, group, dir, maker: this.maker, tip, ...options });
    this.#liars.push(liar);
    return liar;
  }

  /** A liar connected to the node. */
  async connected(options: Partial<LyingPeerOptions> = {}): Promise<LyingPeer> {
    return (await this.liar(options)).connect(this.#address);
  }

  async peer(key: string): Promise<SeenPeer | undefined> {
    return (await this.node.rpc<SeenPeer[]>('getpeerinfo')).find((peer) => peer.peerid === key);
  }

  /** Waits until the peer is banned for `rule`, no longer connected, and not let in again. */
  async banned(liar: LyingPeer, rule: RuleCode, ms = 10_000, again?: () => Promise<void>): Promise<void> {
    await this.bannedKey(liar.key, rule, ms, again);
    await assert.rejects(liar.connect(this.#address), 'a banned peer was let in again');
  }

  /** `again` is called every three seconds until then. */
  async bannedKey(key: string, rule: RuleCode, ms = 10_000, again?: () => Promise<void>): Promise<void> {
    let nextMs = Date.now() + 3000;
    const ban = await until(`a ban for ${rule}`, ms, async () => {
      const found = (await this.node.rpc<SeenBan[]>('listbanned')).find(({ address }) => address === key);
      if (found === undefined && again !== undefined && Date.now() > nextMs) {
        nextMs = Date.now() + 3000;
        await again();
      }
      if (found === undefined) throw new Error(`score ${(await this.peer(key))?.score}; ${this.#logOf(key)}`);
      return found;
    });
    assert.ok(ban.reason.startsWith(`${rule}: `), `banned for another reason: ${ban.reason}`);
    await until('the banned peer to be gone', 5000, async () => (await this.peer(key)) === undefined);
  }

  /** What the node's log says of a peer. */
  #logOf(key: string): string {
    return this.node.output
      .split('\n')
      .filter((line) => line.includes(key))
      .join('\n');
  }

  /** Waits until the peer's score is `points`. */
  async scored(liar: LyingPeer, points: number, ms = 10_000): Promise<void> {
    await until(`score ${points}`, ms, async () => {
      const seen = await this.peer(liar.key);
      if (seen?.score === points) return true;
      throw new Error(`score ${seen?.score}`);
    });
  }

  /** The peer is connected and has no points. */
  async unpunished(liar: LyingPeer): Promise<void> {
    assert.equal((await this.peer(liar.key))?.score, 0);
    const bans = await this.node.rpc<SeenBan[]>('listbanned');
    assert.equal(
      bans.find(({ address }) => address === liar.key),
      undefined,
    );
  }

  /** What getchaintips says of a block, undefined when the node does not know it (as a tip). */
  async seenTip(hash: string): Promise<SeenTip | undefined> {
    return (await this.node.rpc<SeenTip[]>('getchaintips')).find((tip) => tip.hash === hash);
  }

  /** A block of the honest node reaches the node, and one of the node reaches the honest node. */
  async goesOn(ms = 15_000): Promise<void> {
    for (const [from, to] of [
      [this.honest, this.node],
      [this.node, this.honest],
    ] as const) {
      const made = await from.rpc<string[]>('generatetoaddress', 1, MINER_ADDRESS);
      assert.equal(made.length, 1, 'no block was made');
      await until('an honest block to arrive', ms, async () => (await to.tip()) === made[0]);
    }
    const peers = await this.node.rpc<SeenPeer[]>('getpeerinfo');
    const { peerid } = await this.honest.rpc<{ peerid: string }>('getpeerid');
    assert.equal(peers.find((peer) => peer.peerid === peerid)?.score, 0, 'the honest peer was blamed');
  }
}
