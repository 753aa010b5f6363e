import { invalidParameter } from '../errors.ts';
import { helpIndex, helpText } from '../help.ts';
import { openRpc } from '../openrpc.ts';
import { type MethodSpec, method, optional, r } from '../spec.ts';

export const controlMethods: readonly MethodSpec[] = [
  method({
    name: 'help',
    category: 'Control',
    text: 'List all commands, or get help for a specified command.',
    params: [optional('command', 'str', 'The command to get help on', { default: 'all commands' })],
    result: [r.str('', 'The help text')],
    needs: [],
    run(args, { registry }) {
      const name = args.optStr(0);
      if (name === undefined || name === '') return helpIndex(registry.offered);
      const spec = registry.find(name);
      return spec === undefined ? `help: unknown command: ${name}` : helpText(spec).trimEnd();
    },
  }),
  ...['rpc.discover', 'getopenrpcinfo'].map((name) =>
    method({
      name,
      category: 'Control',
      text: 'Returns an OpenRPC 1.4.1 document that describes the methods of this node.',
      params:
        name === 'rpc.discover'
          ? []
          : [optional('show_hidden', 'bool', 'Also describe hidden methods', { default: false })],
      result: [r.any('', 'The OpenRPC document')],
      needs: [],
      run: (args, { registry, backend }) =>
        openRpc(registry.offered, backend.node, name !== 'rpc.discover' && args.bool(0, false)),
    }),
  ),
  method({
    name: 'stop',
    category: 'Control',
    text: 'Request a graceful shutdown of Cairn.',
    params: [optional('wait', 'num', 'how long to wait in ms; accepted for compatibility', { default: 0 })],
    result: [r.str('', "A string with the content 'Cairn stopping'")],
    needs: [],
    run(_args, { backend }) {
      backend.node.stop();
      return 'Cairn stopping';
    },
  }),
  method({
    name: 'uptime',
    category: 'Control',
    text: 'Returns the total uptime of the server.',
    params: [],
    result: [r.num('', 'The number of seconds that the server has been running')],
    needs: [],
    run: (_args, { backend }) =>
      Math.floor((backend.node.clock.monotonicMs() - backend.node.startedMonotonicMs) / 1000),
  }),
  method({
    name: 'getrpcinfo',
    category: 'Control',
    text: 'Returns details of the RPC server.',
    params: [],
    result: [
      r.obj('', '', [
        r.arr(
          'active_commands',
          'All active commands',
          r.obj('', 'Information about an active command', [
            r.str('method', 'The name of the RPC command'),
            r.num('duration', 'The running time in microseconds'),
          ]),
        ),
        r.str('logpath', 'The complete file path to the debug log'),
      ]),
    ],
    needs: [],
    run(_args, { backend, active }) {
      const now = backend.node.clock.monotonicMs();
      return {
        active_commands: active().map(({ method: name, sinceMs }) => {
          return { method: name, duration: Math.max(0, Math.round((now - sinceMs) * 1000)) };
        }),
        logpath: backend.node.logPath,
      };
    },
  }),
  method({
    name: 'getmemoryinfo',
    category: 'Control',
    text: 'Returns an object containing information about memory usage.',
    params: [
      optional('mode', 'str', "determines what kind of information is returned; only 'stats' exists here", {
        default: '"stats"',
      }),
    ],
    result: [
      r.obj('', '', [
        r.obj('locked', 'Memory of the process: nothing is locked against swapping', [
          r.num('used', 'Number of bytes used'),
          r.num('free', 'Number of bytes available in current arenas'),
          r.num('total', 'Total number of bytes managed'),
          r.num('locked', 'Amount of bytes that succeeded locking'),
          r.num('chunks_used', 'Number allocated chunks'),
          r.num('chunks_free', 'Number unused chunks'),
        ]),
      ]),
    ],
    needs: [],
    run(args, { backend }) {
      const mode = args.optStr(0) ?? 'stats';
      if (mode === 'mallocinfo') throw invalidParameter('mallocinfo mode not available');
      if (mode !== 'stats') throw invalidParameter(`unknown mode ${mode}`);
      const { total, used } = backend.node.memory();
      return { locked: { used, free: total - used, total, locked: 0, chunks_used: 0, chunks_free: 0 } };
    },
  }),
  method({
    name: 'echo',
    category: 'Control',
    text: 'Simply echo back the input arguments. This command is for testing.',
    params: Array.from({ length: 10 }, (_, at) => optional(`arg${at}`, 'any', '')),
    result: [r.any('', 'Returns whatever was passed in')],
    needs: [],
    hidden: true,
    run: (args) => args.all,
  }),
  method({
    name: 'syncwithvalidationinterfacequeue',
    category: 'Blockchain',
    text: 'Waits until everybody has heard of the newest block. They always have: listeners run before a block counts as connected.',
    params: [],
    result: [r.none()],
    needs: [],
    hidden: true,
    run: () => null,
  }),
  method({
    name: 'getsyncinfo',
    category: 'Cairn',
    text: 'Returns how far this node has caught up with its network.',
    params: [],
    result: [
      r.obj('', '', [
        r.str('role', 'what the node was started as: full, miner or light'),
        r.str('phase', 'what the node is doing'),
        r.num('headers', 'height of the best header'),
        r.num('blocks', 'height of the active tip'),
        r.num('rate', 'blocks per second, lately'),
        r.any('eta', 'seconds until caught up, null when unknown'),
        r.any('stalled_reason', 'why nothing moves, null while it does'),
      ]),
    ],
    needs: [],
    run(_args, { backend }) {
      const { phase, headers, blocks, rate, eta, stalledReason } = backend.node.sync();
      const { role } = backend.node;
      return { role, phase, headers, blocks, rate, eta: eta ?? null, stalled_reason: stalledReason ?? null };
    },
  }),
];
