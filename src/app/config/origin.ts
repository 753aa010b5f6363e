/** Where a value came from. Later sources win: default, network file, config file, environment, flag. */
export interface Origin {
  readonly source: 'default' | 'network' | 'file' | 'env' | 'flag';
  /** For people: "/path/cairn.toml:12", "CAIRN_RPC_PORT", "--rpc-port", "default". */
  readonly where: string;
}

export const DEFAULT_ORIGIN: Origin = { source: 'default', where: 'default' };
