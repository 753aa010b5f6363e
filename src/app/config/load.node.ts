import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { EXIT, ExitError } from '../exit.ts';
import { ConfigError, type ConfigProblem } from './configError.ts';
import { crossChecks, looksLikePath } from './crossChecks.ts';
import { CONFIG_FILE } from './dataDir.node.ts';
import { withDerivedDefaults } from './derived.ts';
import { networkDefaults } from './networkDefaults.node.ts';
import { type NodeConfig, nest, type OptionValues } from './nodeConfig.ts';
import { OPTION_KEYS, OPTIONS, type OptionKey, option } from './options.ts';
import { DEFAULT_ORIGIN, type Origin } from './origin.ts';
import { type Flags, fromEnv, fromFlags, fromToml, type RawValues } from './sources.ts';

/** A config file is a page of text; a megabyte of it is some other file. */
const MAX_FILE = 1 << 20;

export interface ConfigRequest {
  /** --config; null reads no file at all. */
  readonly file: string | null | undefined;
  readonly flags: Flags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

export interface LoadedConfig {
  readonly config: NodeConfig;
  readonly values: OptionValues;
  readonly origins: ReadonlyMap<OptionKey, Origin>;
  /** The file read, undefined when there was none. */
  readonly file: string | undefined;
}

/** An absolute path: `~/` is the home directory, relative paths start at `base`. */
export function absolutePath(text: string, base: string): string {
  if (text === '~') return homedir();
  if (text.startsWith('~/')) return join(homedir(), text.slice(2));
  return isAbsolute(text) ? text : resolve(base, text);
}

function readToml(file: string, problems: ConfigProblem[]): RawValues {
  let text: string;
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_FILE) throw new ExitError(EXIT.config, `${file}: ${bytes.length} bytes is no config file`);
    text = bytes.toString('utf8');
  } catch (error) {
    if (error instanceof ExitError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new ExitError(EXIT.config, `${file}: ${missing ? 'no such file' : (error as Error).message}`, {
      next: 'cairn init --help',
      cause: missing ? undefined : error,
    });
  }
  try {
    return fromToml(
      parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: 8 }) as Record<string, unknown>,
      text,
      file,
      problems,
    );
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    problems.push({ origin: { source: 'file', where: `${file}:${error.line}` }, key: undefined, reason });
    return new Map();
  }
}

/** The config file: as asked for, else cairn.toml in the data directory when that exists. */
function findFile(request: ConfigRequest, given: readonly RawValues[]): string | undefined {
  if (request.file === null) return undefined;
  const asked = request.file ?? request.env.CAIRN_CONFIG;
  if (asked !== undefined) return absolutePath(asked, request.cwd);
  let datadir: unknown = OPTIONS.datadir.default;
  for (const source of given) datadir = source.get('datadir')?.value ?? datadir;
  const file = join(absolutePath(String(datadir), request.cwd), CONFIG_FILE);
  return existsSync(file) ? file : undefined;
}

/**
 * Reads and judges the configuration. Precedence, lowest first: default, network file, config file, environment, flag.
 * Throws ConfigError with every problem found.
 */
export function loadConfig(request: ConfigRequest): LoadedConfig {
  const problems: ConfigProblem[] = [];
  const env = fromEnv(request.env, problems);
  const flags = fromFlags(request.flags);
  const file = findFile(request, [env, flags]);
  const fromFile: RawValues = file === undefined ? new Map() : readToml(file, problems);
  const sources = [fromFile, env, flags];

  const values: Record<string, unknown> = {};
  const origins = new Map<OptionKey, Origin>();
  const put = (key: OptionKey, value: unknown, origin: Origin): void => {
    const row = option(key);
    const base = origin.source === 'file' && file !== undefined ? dirname(file) : request.cwd;
    if (!row.schema.safeParse(value).success) {
      problems.push({ origin, key, reason: `must be ${row.expects}, not ${JSON.stringify(value)}` });
      values[key] = row.default;
    } else {
      const isPath =
        typeof value === 'string' && (row.file === 'always' || (row.file === 'if-path' && looksLikePath(value)));
      values[key] = isPath ? absolutePath(value, base) : value;
    }
    origins.set(key, origin);
  };

  for (const key of OPTION_KEYS) {
    put(key, option(key).default, DEFAULT_ORIGIN);
    for (const source of sources) {
      const raw = source.get(key);
      if (raw !== undefined) put(key, raw.value, raw.origin);
    }
    if (key === 'network') {
      const { values: defaults, origin } = networkDefaults(String(values.network), origins.get('network')!, problems);
      sources.unshift(new Map([...defaults].map(([k, value]) => [k, { value, origin }])));
    }
  }
  if (problems.length === 0) {
    problems.push(...crossChecks(values as OptionValues, (key) => origins.get(key) ?? DEFAULT_ORIGIN));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const whole = withDerivedDefaults(values as OptionValues, (key) => origins.get(key) ?? DEFAULT_ORIGIN);
  return { config: nest(whole), values: whole, origins, file };
}
