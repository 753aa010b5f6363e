import { type MethodSpec, method, r } from '../spec.ts';

export const lightMethods: readonly MethodSpec[] = [
  method({
    name: 'getlightinfo',
    category: 'Cairn',
    text: 'Returns how well this light node is supported: it follows the best of the chains that its peers show it.',
    params: [],
    result: [
      r.obj('', '', [
        r.num('headers', 'height of the best header'),
        r.hex('bestblockhash', 'its hash'),
        r.num('servers', 'connected peers that serve light nodes'),
        r.num('agreeing', 'how many of them have our best header'),
        r.num('wanted', 'how many there should be'),
        r.any('last_header', 'Unix time of the newest accepted header, null before the first'),
        r.arr('warnings', '', r.str('', 'warning')),
      ]),
    ],
    needs: ['light'],
    run(_args, { backend: { light, headers, node } }) {
      const { servers, agreeing, wanted, lastHeaderMs } = light.info();
      const best = headers.bestHeader();
      return {
        headers: best.height,
        bestblockhash: best.header.id,
        servers,
        agreeing,
        wanted,
        last_header: lastHeaderMs === undefined ? null : Math.floor(lastHeaderMs / 1000),
        warnings: node.warnings(),
      };
    },
  }),
];
