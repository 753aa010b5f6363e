import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceKeeper } from '../chain/ports.ts';
import type { Logger } from '../util/ports.ts';

/** Writes blocks over which the node contradicted itself into `<datadir>/evidence`, with the reason beside them. */
export function evidenceKeeper(datadir: string, log: Logger): EvidenceKeeper {
  return {
    async keep(block, reason) {
      const dir = join(datadir, 'evidence');
      const path = join(dir, new Date().toISOString().replaceAll(':', '-'));
      await mkdir(dir, { recursive: true });
      await writeFile(`${path}.blk`, block);
      await writeFile(`${path}.txt`, `${reason}\n`);
      log.error({ path: `${path}.blk` }, 'the block that led to this was saved: please report it with the log');
    },
  };
}
