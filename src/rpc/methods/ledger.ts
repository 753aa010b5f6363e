import { displayHash } from '../../primitives/hash.ts';
import { toHex } from '../../util/hex.ts';
import type { JsonObject } from '../json.ts';
import { type MethodSpec, method, r } from '../spec.ts';

export const ledgerMethods: readonly MethodSpec[] = [
  method({
    name: 'getledgerhash',
    category: 'Cairn',
    text: 'Fingerprint of all unspent outputs at the tip: equal on nodes that agree. Reads every coin, so it takes a while on a large chain.',
    params: [],
    result: [
      r.obj('', '', [
        r.num('height', 'Height of the tip'),
        r.hex('bestblock', 'Hash of the tip'),
        r.num('txouts', 'Number of unspent outputs'),
        r.hex('ledgerhash', 'SHA-256 chained over the coins in key order, starting from the tip'),
      ]),
    ],
    examples: [''],
    needs: ['blocks'],
    async run(_args, { backend: { blocks } }): Promise<JsonObject> {
      const { tip, hash, coins } = await blocks.ledgerHash();
      return {
        height: tip.height,
        bestblock: displayHash(tip.header.hash),
        txouts: coins,
        ledgerhash: toHex(hash),
      };
    },
  }),
];
