import { broken, type Check, passed } from '../primitives/rules.ts';
import { readTx, type Tx } from '../primitives/tx.ts';
import { asciiBytes, equalBytes } from '../util/bytes.ts';
import { DecodeError, Reader, Writer } from '../util/codec.ts';

/** A transaction as remembered between two runs. */
export interface DumpedTx {
  readonly tx: Tx;
  /** Unix milliseconds of admission. */
  readonly timeMs: number;
}

const MAGIC = asciiBytes('CAIRNPOOL');
const VERSION = 1;
/** Time and the smallest transaction the decoder reads. */
const MIN_RECORD = 18;

/**
 * magic ‖ version u8 ‖ CompactSize n ‖ n × (timeMs u64 ‖ tx). Parents come before children. No checksum: everything is judged
 * anew when it is read back, so a changed byte at worst loses a transaction.
 */
export function encodeDump(txs: readonly DumpedTx[]): Uint8Array {
  const w = new Writer(1 << 16);
  w.put(MAGIC).u8(VERSION).compactSize(txs.length);
  for (const { tx, timeMs } of txs) w.u64(BigInt(timeMs)).put(tx.bytes);
  return w.finish();
}

/** Reads what encodeDump wrote; 'malformed' with the reason when the bytes are cut, foreign or of an unknown version. */
export function decodeDump(file: Uint8Array): Check<DumpedTx[]> {
  // Of a Buffer, slices would share memory; of a plain array they are copies, as everywhere else.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  try {
    const r = new Reader(bytes);
    if (!equalBytes(r.take(MAGIC.length, 'magic'), MAGIC)) return broken('malformed', 'pool file: wrong magic');
    const version = r.u8('version');
    if (version !== VERSION) return broken('malformed', `pool file: version ${version} is unknown`);
    const n = r.count(MIN_RECORD, undefined, 'pool size');
    const txs: DumpedTx[] = [];
    for (let i = 0; i < n; i++) {
      const timeMs = Number(r.u64('time'));
      txs.push({ timeMs, tx: readTx(r) });
    }
    r.end('pool file');
    return passed(txs);
  } catch (error) {
    if (error instanceof DecodeError) return broken('malformed', `pool file: ${error.message}`);
    throw error;
  }
}
