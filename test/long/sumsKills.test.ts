import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFullStore } from '../../src/store/openStores.node.ts';
import { mineChain, regtest } from '../chain/regtestMiner.ts';
import { acceptAll, openChain } from '../chain/setup.ts';
import { intoFormat2, killUntilDone } from '../support/sumsKills.ts';

describe('store: from format 2 to 3, killed many times', function () {
  this.timeout(600_000);
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cairn-sums-kills-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('it gets there, and nothing is lost', async () => {
    const store = await openFullStore({ dir, network: regtest });
    const { chain } = await openChain(undefined, { store });
    await acceptAll(chain, mineChain(chain.genesis, 30));
    await chain.close();
    await store.close();
    await intoFormat2(dir);
    await killUntilDone(dir, 100_000);
  });
});
