import type { PeersBackend } from '../backend.ts';
import { RPC, RpcError } from '../errors.ts';
import { helpText } from '../help.ts';
import { socketAddress } from '../multiaddr.ts';
import { type MethodSpec, method, optional, r, required } from '../spec.ts';

/** JSON-RPC 2.0's own "invalid params", which Bitcoin Core uses here only. */
const INVALID_PARAMS = -32602;
/** A day (Bitcoin Core DEFAULT_MISBEHAVING_BANTIME). */
const DEFAULT_BAN_SECONDS = 86_400;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One IP address, perhaps with the prefix length that means just it, or a peer id; undefined otherwise. */
function banTarget(text: string): string | undefined {
  const host = text.replace(/\/(32|128)$/, '');
  const octets = host.split('.');
  if (octets.length === 4 && octets.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return host;
  if (host.includes(':') && /^[0-9a-fA-F:.]{2,45}$/.test(host)) return host;
  return /^(12D3Koo|16Uiu2|Qm)[1-9A-HJ-NP-Za-km-z]{30,60}$/.test(text) ? text : undefined;
}

async function addNode(peers: PeersBackend, node: string, command: string): Promise<void> {
  const known = peers.manual().some(({ address }) => address === node);
  if (command === 'add') {
    if (known) throw new RpcError(RPC.CLIENT_NODE_ALREADY_ADDED, 'Error: Node already added');
    try {
      peers.addManual(node);
    } catch (error) {
      throw new RpcError(RPC.INVALID_PARAMETER, `Cannot add ${node}: ${reasonOf(error)}`);
    }
  } else if (command === 'remove') {
    if (!peers.removeManual(node)) {
      throw new RpcError(
        RPC.CLIENT_NODE_NOT_ADDED,
        'Error: Node could not be removed. It has not been added previously.',
      );
    }
  } else {
    try {
      await peers.connect(node);
    } catch (error) {
      throw new RpcError(RPC.CLIENT_NODE_NOT_CONNECTED, `Could not connect to ${node}: ${reasonOf(error)}`);
    }
  }
}

const addnode: MethodSpec = method({
  name: 'addnode',
  category: 'Network',
  text: 'Attempts to add or remove a node from the addnode list.\nOr try a connection to a node once.\nNodes added stay connected: the node dials them again when they are lost.',
  params: [
    required('node', 'str', 'The address of the peer: a multiaddr (with /p2p/ and the peer id) or host:port'),
    required(
      'command',
      'str',
      "'add' to add a node to the list, 'remove' to remove a node from the list, 'onetry' to try a connection to the node once",
    ),
    optional('v2transport', 'bool', 'Accepted for compatibility: connections are always encrypted', { default: true }),
  ],
  result: [r.none()],
  examples: ['"192.168.0.6:18444" "onetry"'],
  needs: ['peers'],
  waits: true,
  async run(args, { backend: { peers } }) {
    const command = args.str(1);
    if (command !== 'add' && command !== 'remove' && command !== 'onetry') {
      throw new RpcError(RPC.MISC_ERROR, helpText(addnode));
    }
    await addNode(peers, args.str(0), command);
    return null;
  },
});

export const peerMethods: readonly MethodSpec[] = [
  addnode,
  method({
    name: 'disconnectnode',
    category: 'Network',
    text: "Immediately disconnects from the specified peer node.\n\nStrictly one out of 'address' and 'nodeid' can be provided to identify the node.",
    params: [
      optional('address', 'str', 'host:port, multiaddr or peer id of the node', { default: 'fallback to nodeid' }),
      optional('nodeid', 'num', 'The node ID (see getpeerinfo for node IDs)', { default: 'fallback to address' }),
    ],
    result: [r.none()],
    examples: ['"192.168.0.6:18444"', '"" 1'],
    needs: ['peers'],
    async run(args, { backend: { peers } }) {
      const address = args.optStr(0);
      const id = args.has(1) ? args.long(1) : undefined;
      const byAddress = address !== undefined && (id === undefined || address !== '');
      if (byAddress === (id !== undefined)) {
        throw new RpcError(INVALID_PARAMS, 'Only one of address and nodeid should be provided.');
      }
      const peer = peers.peers().find((one) => {
        if (!byAddress) return one.id === id;
        return address === one.key || address === one.address || address === socketAddress(one.address).text;
      });
      if (peer === undefined || !(await peers.disconnect(peer.key, 'disconnectnode'))) {
        throw new RpcError(RPC.CLIENT_NODE_NOT_CONNECTED, 'Node not found in connected nodes');
      }
      return null;
    },
  }),
  method({
    name: 'getaddednodeinfo',
    category: 'Network',
    text: 'Returns information about the given added node, or all added nodes\n(note that onetry addnodes are not listed here)',
    params: [
      optional(
        'node',
        'str',
        'If provided, return information about this specific node, otherwise all nodes are returned.',
        { default: 'all nodes' },
      ),
    ],
    result: [
      r.arr(
        '',
        '',
        r.obj('', '', [
          r.str('addednode', 'The node address (as provided to addnode)'),
          r.bool('connected', 'If connected'),
          r.arr(
            'addresses',
            'Only when connected = true',
            r.obj('', '', [
              r.str('address', 'The address we are connected to'),
              r.str('connected', 'connection, inbound or outbound'),
            ]),
          ),
        ]),
      ),
    ],
    needs: ['peers'],
    run(args, { backend: { peers } }) {
      const wanted = args.optStr(0);
      const list = peers.manual().filter(({ address }) => wanted === undefined || address === wanted);
      if (wanted !== undefined && list.length === 0) {
        throw new RpcError(RPC.CLIENT_NODE_NOT_ADDED, 'Error: Node has not been added.');
      }
      return list.map(({ address, connected }) => {
        return { addednode: address, connected, addresses: connected ? [{ address, connected: 'outbound' }] : [] };
      });
    },
  }),
  method({
    name: 'setban',
    category: 'Network',
    text: 'Attempts to add or remove an IP address or peer id from the banned list.',
    params: [
      required('subnet', 'str', 'The IP address or peer id'),
      required('command', 'str', "'add' to add to the list, 'remove' to remove from the list"),
      optional(
        'bantime',
        'num',
        'time in seconds how long (or until when if [absolute] is set) it is banned (0 or empty means one day)',
        { default: 0 },
      ),
      optional('absolute', 'bool', 'If set, the bantime must be an absolute timestamp expressed in Unix seconds', {
        default: false,
      }),
    ],
    result: [r.none()],
    examples: ['"192.168.0.6" "add" 86400'],
    needs: ['peers'],
    async run(args, { backend: { peers, node } }) {
      const command = args.str(1);
      if (command !== 'add' && command !== 'remove') {
        throw new RpcError(RPC.MISC_ERROR, `setban: command must be 'add' or 'remove', not '${command}'`);
      }
      const target = banTarget(args.str(0));
      if (target === undefined) {
        throw new RpcError(
          RPC.CLIENT_INVALID_IP_OR_SUBNET,
          'Error: Invalid IP/Subnet (single addresses and peer ids can be banned)',
        );
      }
      if (command === 'remove') {
        if (await peers.unban(target)) return null;
        throw new RpcError(
          RPC.CLIENT_INVALID_IP_OR_SUBNET,
          'Error: Unban failed. Requested address/subnet was not previously manually banned.',
        );
      }
      if (peers.bans().some((ban) => ban.target === target)) {
        throw new RpcError(RPC.CLIENT_NODE_ALREADY_ADDED, 'Error: IP/Subnet already banned');
      }
      const given = args.long(2, 0);
      const now = node.clock.nowMs() / 1000;
      const absolute = args.bool(3, false);
      if (absolute && given < now)
        throw new RpcError(RPC.INVALID_PARAMETER, 'Error: Absolute timestamp is in the past');
      const wanted = absolute ? Math.ceil(given - now) : given;
      await peers.ban(target, wanted > 0 ? wanted : DEFAULT_BAN_SECONDS, 'setban');
      return null;
    },
  }),
  method({
    name: 'listbanned',
    category: 'Network',
    text: 'List all manually and automatically banned IPs and peer ids.',
    params: [],
    result: [
      r.arr(
        '',
        '',
        r.obj('', '', [
          r.str('address', 'The IP address or peer id of the banned node'),
          r.time('ban_created', 'The Unix time the ban was created'),
          r.time('banned_until', 'The Unix time the ban expires'),
          r.num('ban_duration', 'The ban duration, in seconds'),
          r.num('time_remaining', 'The time remaining until the ban expires, in seconds'),
          r.str('reason', 'Why'),
        ]),
      ),
    ],
    needs: ['peers'],
    run(_args, { backend: { peers, node } }) {
      const now = Math.floor(node.clock.nowMs() / 1000);
      return peers.bans().map(({ target, createdMs, untilMs, reason }) => {
        const created = Math.floor(createdMs / 1000);
        const until = Math.floor(untilMs / 1000);
        return {
          address: target,
          ban_created: created,
          banned_until: until,
          ban_duration: until - created,
          time_remaining: until - now,
          reason,
        };
      });
    },
  }),
  method({
    name: 'clearbanned',
    category: 'Network',
    text: 'Clear all banned IPs.',
    params: [],
    result: [r.none()],
    needs: ['peers'],
    async run(_args, { backend: { peers } }) {
      for (const { target } of peers.bans()) await peers.unban(target);
      return null;
    },
  }),
];
