import assert from 'node:assert/strict';
import { socketAddress } from '../../src/rpc/multiaddr.ts';
import { FakeNode, fakePeer } from './fakeNode.ts';
import { type Caller, caller, fails } from './setup.ts';

describe('network methods', () => {
  let node: FakeNode;
  let call: Caller;
  beforeEach(() => {
    node = new FakeNode();
    call = caller(node.full());
    node.peers = [fakePeer(1), fakePeer(2, { inbound: true }), fakePeer(3, { manual: true })];
  });

  it('getpeerinfo shows addresses as Bitcoin tools read them, and the multiaddr beside', async () => {
    const [first, second, third] = await call('getpeerinfo');
    assert.deepEqual(
      [first.addr, first.network, first.peerid],
      ['127.0.0.1:20001', 'not_publicly_routable', '12D3KooWPeer1'],
    );
    assert.equal(first.multiaddr, '/ip4/127.0.0.1/tcp/20001/p2p/12D3KooWPeer1');
    assert.deepEqual(
      [first.pingtime, first.minping, first.timeoffset, first.lastsend],
      [0.012, 0.01, -1, 1_700_000_001],
    );
    assert.deepEqual(
      [first.connection_type, second.connection_type, third.connection_type],
      ['outbound-full-relay', 'inbound', 'manual'],
    );
    assert.match(first.services, /^[0-9a-f]{16}$/);
  });

  it('getnetworkinfo says it is like Bitcoin Core 31 and counts directions', async () => {
    const info = await call('getnetworkinfo');
    assert.ok(info.version >= 310_000);
    assert.match(info.subversion, /^\/Cairn:/);
    assert.deepEqual([info.connections, info.connections_in, info.connections_out], [3, 1, 2]);
    assert.equal(info.timeoffset, -1);
    assert.deepEqual(info.localaddresses, [{ address: '127.0.0.1', port: 18444, score: 1 }]);
    assert.equal(await call('getconnectioncount'), 3);
  });

  it('works without peers and without a mempool', async () => {
    const light = caller(new FakeNode().light());
    const info = await light('getnetworkinfo');
    assert.deepEqual([info.connections, info.timeoffset, info.relayfee], [0, 0, 0]);
    assert.deepEqual(await light('getpeerinfo'), []);
  });

  it('addnode adds, refuses twice, removes, tries once', async () => {
    const address = '/ip4/1.2.3.4/tcp/18444/p2p/12D3KooWX';
    assert.equal(await call('addnode', address, 'add'), null);
    await fails(call('addnode', address, 'add'), -23, 'Error: Node already added');
    assert.deepEqual(await call('getaddednodeinfo', address), [
      { addednode: address, connected: false, addresses: [] },
    ]);
    assert.equal(await call('addnode', address, 'remove'), null);
    await fails(call('addnode', address, 'remove'), -24, /has not been added previously/);
    await fails(call('getaddednodeinfo', address), -24, 'Error: Node has not been added.');
    assert.equal(await call('addnode', '1.2.3.4:1', 'onetry'), null);
    assert.deepEqual(node.dialled, ['1.2.3.4:1']);
    await fails(call('addnode', 'refuse:1', 'onetry'), -29, 'Could not connect to refuse:1: connection refused');
    await fails(call('addnode', '1.2.3.4', 'bogus'), -1, /^addnode "node" "command"/);
  });

  it('disconnectnode takes an address, a peer id or a number, but one of them', async () => {
    assert.equal(await call('disconnectnode', '127.0.0.1:20001'), null);
    assert.equal(await call('disconnectnode', '', 2), null);
    assert.equal(await call('disconnectnode', '12D3KooWPeer3'), null);
    assert.equal(node.peers.length, 0);
    await fails(call('disconnectnode', '127.0.0.1:20001'), -29, 'Node not found in connected nodes');
    await fails(call('disconnectnode', 'a', 1), -32602, 'Only one of address and nodeid should be provided.');
    await fails(call('disconnectnode'), -32602, 'Only one of address and nodeid should be provided.');
  });

  it('setban, listbanned, clearbanned', async () => {
    assert.equal(await call('setban', '1.2.3.4/32', 'add', 100), null);
    assert.equal(await call('setban', '12D3KooWFkGZMrBQsbzWhdJtYBcCZmwAFGaeBwzWzHr6vLYm8XVd', 'add'), null);
    await fails(call('setban', '1.2.3.4', 'add'), -23, 'Error: IP/Subnet already banned');
    const [first, second] = await call('listbanned');
    assert.deepEqual([first.address, first.ban_duration, first.time_remaining], ['1.2.3.4', 100, 100]);
    assert.equal(second.ban_duration, 86_400);
    assert.equal(await call('setban', '::1', 'add', 1_700_000_050, true), null);
    assert.equal((await call('listbanned'))[2].ban_duration, 50);
    await fails(call('setban', '::2', 'add', 5, true), -8, 'Error: Absolute timestamp is in the past');
    for (const bad of ['', '1.2.3', '1.2.3.256', '10.0.0.0/8', 'example.org', 'x:y']) {
      await fails(call('setban', bad, 'add'), -30, /^Error: Invalid IP\/Subnet/);
    }
    assert.equal(await call('setban', '::1', 'remove'), null);
    await fails(call('setban', '::1', 'remove'), -30, /^Error: Unban failed/);
    assert.equal(await call('clearbanned'), null);
    assert.deepEqual(await call('listbanned'), []);
  });

  it('reads multiaddrs', () => {
    assert.deepEqual(socketAddress('/ip6/2a00::1/tcp/5/p2p/x'), {
      text: '[2a00::1]:5',
      host: '2a00::1',
      port: 5,
      network: 'ipv6',
    });
    assert.equal(socketAddress('/ip4/8.8.8.8/tcp/18444/ws').network, 'ipv4');
    assert.equal(socketAddress('/dns4/example.org/tcp/1').text, 'example.org:1');
    for (const private_ of ['10.0.0.1', '172.16.0.1', '172.31.9.9', '192.168.1.1', '169.254.1.1', '100.64.0.1']) {
      assert.equal(socketAddress(`/ip4/${private_}/tcp/1`).network, 'not_publicly_routable', private_);
    }
    for (const open of ['172.32.0.1', '100.128.0.1', '11.0.0.1'])
      assert.equal(socketAddress(`/ip4/${open}/tcp/1`).network, 'ipv4', open);
    assert.equal(socketAddress('/memory/1').text, '/memory/1');
  });
});

describe('control and utility methods', () => {
  it('uptime, getrpcinfo, getmemoryinfo, getsyncinfo', async () => {
    const node = new FakeNode();
    const call = caller(node.full());
    assert.equal(await call('uptime'), 4);
    const { active_commands: active, logpath } = await call('getrpcinfo');
    assert.deepEqual([active.length, active[0].method, logpath], [1, 'getrpcinfo', '/tmp/cairn.log']);
    assert.deepEqual((await call('getmemoryinfo')).locked.free, 600);
    await fails(call('getmemoryinfo', 'mallocinfo'), -8, 'mallocinfo mode not available');
    await fails(call('getmemoryinfo', 'x'), -8, 'unknown mode x');
    assert.deepEqual(await call('getsyncinfo'), {
      role: 'full',
      phase: 'synced',
      headers: 0,
      blocks: 0,
      rate: 0,
      eta: null,
      stalled_reason: null,
    });
  });

  it('setmocktime exists on development networks only and checks its range', async () => {
    const node = new FakeNode();
    const call = caller(node.full());
    assert.equal(await call('setmocktime', 1_700_000_000), null);
    assert.equal(node.mockTime, 1_700_000_000);
    await fails(call('setmocktime', -1), -8, /^Mocktime must be in the range/);
    const { development: _, ...elsewhere } = node.full();
    await fails(
      caller(elsewhere)('setmocktime', 1),
      -32601,
      /^Method not found \(setmocktime is not available on this node/,
    );
    await fails(caller(elsewhere)('generatetoaddress', 1, 'x'), -32601, /^Method not found/);
  });

  it('generatetoaddress mines to the address, -5 for a bad one', async () => {
    const node = new FakeNode();
    const call = caller(node.full());
    const address = 'bcrt1qzyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3s08u06';
    const valid = await call('validateaddress', 'bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202');
    const hashes = await call('generatetoaddress', 3, valid.isvalid ? valid.address : address);
    assert.deepEqual(
      hashes,
      node.active.slice(1).map((entry) => entry.header.id),
    );
    assert.deepEqual(await call('generatetoaddress', 0, valid.address), []);
    await fails(call('generatetoaddress', 1, 'nope'), -5, 'Error: Invalid address');
  });

  it('validateaddress explains what is wrong', async () => {
    const call = caller(new FakeNode().full());
    const good = await call('validateaddress', 'bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202');
    assert.deepEqual(good, {
      isvalid: true,
      address: 'bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202',
      scriptPubKey: `0014${'00'.repeat(20)}`,
      isscript: false,
      iswitness: true,
      witness_version: 0,
      witness_program: '00'.repeat(20),
    });
    const bad = await call('validateaddress', 'nope');
    assert.equal(bad.isvalid, false);
    assert.notEqual(bad.error, '');
  });

  it('estimatesmartfee gives the floor, never an error, on a quiet network', async () => {
    const call = caller(new FakeNode().full());
    assert.deepEqual(await call('estimatesmartfee', 1), { feerate: 0.00001, blocks: 2 });
    assert.deepEqual(await call('estimatesmartfee', 1008, 'ECONOMICAL'), { feerate: 0.00001, blocks: 1008 });
    for (const target of [0, 1009])
      await fails(call('estimatesmartfee', target), -8, 'Invalid conf_target, must be between 1 and 1008');
    await fails(call('estimatesmartfee', 1, 'fast'), -8, /^Invalid estimate_mode/);
  });

  it('getnetworkhashps follows the window and refuses impossible ones', async () => {
    const node = new FakeNode();
    const call = caller(node.full());
    assert.equal(await call('getnetworkhashps'), 0);
    for (let i = 0; i < 5; i++) node.mine();
    // Regtest: two hashes a block, one block a second.
    assert.equal(await call('getnetworkhashps'), 2);
    assert.equal(await call('getnetworkhashps', 2, 3), 2);
    assert.equal(await call('getnetworkhashps', -1), 2);
    await fails(call('getnetworkhashps', 0), -8, 'Invalid nblocks. Must be a positive number or -1.');
    await fails(call('getnetworkhashps', 1, 6), -8, 'Block does not exist at specified height');
  });

  it('getlightinfo and getpeerid', async () => {
    const light = caller(new FakeNode().light());
    const info = await light('getlightinfo');
    assert.deepEqual(
      [info.servers, info.agreeing, info.wanted, info.headers, info.last_header],
      [2, 2, 2, 0, 1_700_000_000],
    );
    assert.deepEqual(await light('getpeerid'), {
      peerid: '12D3KooWOwn',
      addresses: ['/ip4/127.0.0.1/tcp/18444/p2p/12D3KooWOwn'],
    });
  });

  it('stop asks the node to stop and answers', async () => {
    const node = new FakeNode();
    assert.equal(await caller(node.full())('stop'), 'Cairn stopping');
    assert.equal(node.stopped, true);
  });
});
