import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import type { Finding } from '../../src/app/db/findings.ts';
import { verifyPeers } from '../../src/app/db/verifyPeers.ts';
import { openDatastore } from '../../src/net/datastore.node.ts';
import { peerRecordFaults } from '../../src/net/peerRecords.node.ts';
import { openLevelKv } from '../../src/store/kvLevel.node.ts';
import { nodeFolder } from '../../src/store/level/folderNode.node.ts';
import { asciiBytes } from '../../src/util/bytes.ts';
import { silentLogger } from '../../src/util/ports.ts';

const PEERS = 5;

describe('net: verifying the peer store', () => {
  let dir: string;
  let faultOf: Awaited<ReturnType<typeof peerRecordFaults>>;
  before(async () => {
    faultOf = await peerRecordFaults();
    dir = await mkdtemp(join(tmpdir(), 'cairn-peers-'));
    const datastore = await openDatastore(dir, silentLogger);
    const node = await createLibp2p({ start: false, datastore });
    for (let i = 0; i < PEERS; i++) {
      const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
      await node.peerStore.save(peer, { multiaddrs: [multiaddr(`/ip4/10.0.0.${i}/tcp/4001`)], protocols: ['/x/1'] });
    }
    await datastore.close();
  });
  after(() => rm(dir, { recursive: true, force: true }));

  async function verify(): Promise<{ records: number; findings: Finding[] }> {
    const findings: Finding[] = [];
    const ports = { found: (finding: Finding) => findings.push(finding), progress: () => {}, stopped: () => false };
    return { records: await verifyPeers({ ...ports, folder: nodeFolder(dir), faultOf }), findings };
  }

  it('reads every record as libp2p does', async () => {
    assert.deepEqual(await verify(), { records: PEERS, findings: [] });
  });

  it('names flipped bits', async () => {
    const names = (await readdir(dir)).filter((name) => /\.(ldb|log)$/.test(name));
    let flipped = 0;
    for (const name of names) {
      const path = join(dir, name);
      const good = await readFile(path);
      for (let at = 10; at < good.length; at += Math.ceil(good.length / 7)) {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] as number) ^ 1;
        await writeFile(path, bad);
        const { findings } = await verify();
        assert.ok(findings.length > 0 && findings.every((f) => f.part === 'peers' && f.path === path), `byte ${at}`);
        flipped++;
      }
      await writeFile(path, good);
    }
    assert.ok(flipped >= 5);
  });

  it('names records that libp2p cannot read, and passes over those that are not of peers', async () => {
    const kv = await openLevelKv(dir);
    const key = asciiBytes('/peers/bafzaajaiaejcbhh3bhsrdy7trg2avrkh2bzrm77fmuwfh6phqi5wsm5whsabv2lz');
    await kv.batch(
      [
        { type: 'put', key, value: Uint8Array.of(0x0a, 0x50, 1) },
        { type: 'put', key: asciiBytes('/peers/nonsense'), value: new Uint8Array(0) },
        { type: 'put', key: asciiBytes('/dht/provider/x/y'), value: Uint8Array.of(0xff) },
      ],
      { sync: true },
    );
    await kv.close();
    const { records, findings } = await verify();
    assert.equal(records, PEERS + 3);
    assert.equal(findings.length, 2);
    assert.match((findings[0] as Finding).detail, /^record \/peers\/bafzaa/);
    assert.match((findings[1] as Finding).detail, /^record \/peers\/nonsense: /);
  });
});
