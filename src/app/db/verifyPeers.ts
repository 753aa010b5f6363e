import type { FolderReader } from '../../store/level/damage.ts';
import { FrozenKv } from '../../store/level/frozenKv.ts';
import type { VerifyPorts } from './findings.ts';

/** Records between two reports of progress. */
const STEP = 100;
const EVERYTHING = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff) };

/** Verifies libp2p's peer store: all checksums of its LevelDB folder, and that each record can be read. Gives their number. */
export async function verifyPeers(
  options: VerifyPorts & {
    readonly folder: FolderReader;
    /** What is wrong with a record, undefined when nothing is. */
    readonly faultOf: (key: string, value: Uint8Array) => Promise<string | undefined>;
  },
): Promise<number> {
  const { folder, faultOf, found, progress, stopped } = options;
  const path = folder.path('').replace(/[/\\]$/, '');
  const { kv, damage } = await FrozenKv.verify(folder, (done, total) =>
    progress({ stage: 'peers', done, total, unit: 'bytes' }),
  );
  for (const { path: file, offset, detail } of damage)
    found({ part: 'peers', path: file, offset, block: undefined, detail });
  let records = 0;
  if (kv === undefined) return records;
  const text = new TextDecoder();
  for await (const [key, value] of kv.iterate(EVERYTHING)) {
    const name = text.decode(key);
    const fault = await faultOf(name, value);
    if (fault !== undefined)
      found({ part: 'peers', path, offset: undefined, block: undefined, detail: `record ${name}: ${fault}` });
    if (++records % STEP === 0 && stopped()) break;
  }
  return records;
}
