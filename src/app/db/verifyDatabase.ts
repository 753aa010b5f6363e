import type { FolderReader } from '../../store/level/damage.ts';
import { FrozenKv } from '../../store/level/frozenKv.ts';
import { SummedKv } from '../../store/summedKv.ts';
import type { Kv } from '../../util/ports.ts';
import { describeKeys } from './databaseKeys.ts';
import type { Finding, VerifyPorts, VerifyProgress } from './findings.ts';

/**
 * Verifies the files of a database whose records have checksums. `kv` verifies these, too, when records are read: a wrong one
 * is told once, under `recordPart`, and given as it is. Undefined when files are damaged. `torn`: bytes of unfinished writes.
 */
export async function verifyDatabase(
  options: VerifyPorts & {
    readonly folder: FolderReader;
    readonly path: string;
    readonly part: Finding['part'] & VerifyProgress['stage'];
    readonly recordPart: (key: Uint8Array) => Finding['part'];
  },
): Promise<{ readonly kv: Kv | undefined; readonly torn: number }> {
  const { folder, path, part, recordPart, found, progress } = options;
  const { kv, damage, torn } = await FrozenKv.verify(folder, (done, total) =>
    progress({ stage: part, done, total, unit: 'bytes' }),
  );
  for (const { path: file, offset, detail, keys } of damage) {
    const lost = keys === undefined ? '' : `; it held ${describeKeys(keys)}`;
    found({ part, path: file, offset, block: undefined, detail: `${detail}${lost}` });
  }
  const told = new Set<string>();
  const wrong = (key: Uint8Array, detail: string): void => {
    if (!told.has(detail)) found({ part: recordPart(key), path, offset: undefined, block: undefined, detail });
    told.add(detail);
  };
  return { kv: kv && new SummedKv(kv, { path, wrong }), torn };
}
