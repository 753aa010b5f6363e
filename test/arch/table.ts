/**
 * Who may import whom: the table of the architecture, typed again. Every room may also import itself. A list in place of
 * `true` names the only files of that room that may be imported (without extension, from the room).
 */
type Allowed = Readonly<Record<string, true | readonly string[]>>;

const PORTS_AND_EVENTS = ['ports', 'events', 'entry'] as const;

export const ROOMS: Readonly<Record<string, Allowed>> = {
  util: {},
  crypto: { util: true },
  // The one place that chooses implementations for a platform also installs the native hashes.
  platform: { util: true, crypto: true },
  primitives: { util: true, crypto: true },
  script: { util: true, crypto: true, primitives: true },
  wire: { util: true, primitives: true },
  params: { util: true, crypto: true, primitives: true },
  ledger: { util: true, crypto: true, primitives: true, script: true, params: true },
  consensus: { util: true, crypto: true, primitives: true, params: true },
  chain: { util: true, primitives: true, params: true, ledger: true, consensus: true },
  mempool: { util: true, primitives: true, script: true, params: true, ledger: true, chain: true },
  index: { util: true, crypto: true, primitives: true, ledger: true, chain: true },
  wallet: { util: true, crypto: true, primitives: true, script: true, params: true, chain: PORTS_AND_EVENTS },
  sync: { util: true, primitives: true, wire: true, params: true, chain: true },
  relay: { util: true, primitives: true, wire: true, consensus: true, chain: true, mempool: true, index: true },
  light: {
    util: true,
    crypto: true,
    primitives: true,
    wire: true,
    params: true,
    consensus: true,
    sync: true,
    chain: ['headerChain', 'headerIndex', 'chain', ...PORTS_AND_EVENTS],
  },
  miner: {
    util: true,
    // Its kernel is assembled with the same parts as the hash module.
    crypto: ['sha256Words', 'wasm/assembler', 'wasm/engine', 'wasm/sha256Emitter', 'wasm/words'],
    primitives: true,
    params: true,
    ledger: true,
    consensus: true,
    chain: true,
    mempool: true,
  },
  store: { util: true, primitives: true, chain: ['ports', 'entry'], index: ['ports'], wallet: ['ports'] },
  net: { util: true, primitives: true, wire: true, params: true, platform: true },
  rpc: { util: true, primitives: true, params: true },
};

/** Rooms without I/O, clock, randomness, timers or platform. */
export const PURE = ['util', 'crypto', 'primitives', 'script', 'wire', 'params', 'ledger', 'consensus', 'chain'];

/** Packages that belong to one room alone. */
export const OWNED_PACKAGES: readonly { readonly pattern: RegExp; readonly rooms: readonly string[] }[] = [
  {
    pattern:
      /^(libp2p|@libp2p\/|@chainsafe\/libp2p|@multiformats\/|datastore-|it-|p-event|uint8-varint|uint8arraylist)/,
    rooms: ['net'],
  },
  { pattern: /^(level|classic-level|memory-level|abstract-level)(\/|$)/, rooms: ['store', 'net'] },
  { pattern: /^(secp256k1|tiny-secp256k1|@noble\/)/, rooms: ['crypto'] },
  { pattern: /^(commander|pino|prom-client|smol-toml)(\/|$)/, rooms: ['app'] },
];
