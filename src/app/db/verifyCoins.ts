import { displayOutPoint } from '../../primitives/outpoint.ts';
import { decodeCoin } from '../../store/coinCodec.ts';
import { outPointOfCoinKey, PREFIX, rangeOf } from '../../store/schema.ts';
import { DecodeError } from '../../util/codec.ts';
import type { Kv } from '../../util/ports.ts';
import type { Finding, VerifyPorts, VerifyProgress } from './findings.ts';

/** Coins between two reports of progress. */
const STEP = 1000;

/** Reads every coin: it can be decoded, no block above `height` made it, and there are as many as the database says. */
export async function verifyCoins(
  options: VerifyPorts & {
    readonly kv: Pick<Kv, 'iterate'>;
    readonly path: string;
    readonly part: Finding['part'] & VerifyProgress['stage'];
    /** Of the block that the coins represent. */
    readonly height: number;
    /** As the database counts. */
    readonly count: number;
  },
): Promise<number> {
  const { kv, path, part, height, count, found, progress, stopped } = options;
  let coins = 0;
  for await (const [key, value] of kv.iterate(rangeOf(PREFIX.COIN))) {
    const fault = coinFault(value, height);
    if (fault !== undefined) {
      const name = displayOutPoint(outPointOfCoinKey(key));
      found({ part, path, offset: undefined, block: undefined, detail: `coin ${name}: ${fault}` });
    }
    if (++coins % STEP !== 0) continue;
    if (stopped()) return coins;
    progress({ stage: part, done: coins, total: count, unit: 'coins' });
  }
  if (coins !== count) {
    const detail = `there are ${coins} coins, the database counts ${count}`;
    found({ part, path, offset: undefined, block: undefined, detail });
  }
  return coins;
}

function coinFault(value: Uint8Array, height: number): string | undefined {
  try {
    const coin = decodeCoin(value);
    return coin.height > height ? `made at height ${coin.height}, the coins are those of height ${height}` : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}
