import { type Command, Option } from 'commander';
import { type LoadedConfig, loadConfig } from '../config/load.node.ts';
import { flagName, OPTION_KEYS, type OptionKey, option } from '../config/options.ts';
import type { Flags } from '../config/sources.ts';

const ARGUMENT_NAMES = { text: 'TEXT', integer: 'N', decimal: 'N', list: 'ITEM', boolean: '' } as const;

function helpOf(key: OptionKey): string {
  const row = option(key);
  const shown = row.default === undefined || (Array.isArray(row.default) && row.default.length === 0);
  return `${row.help}${row.kind === 'list' ? '; repeatable' : ''} [${key}${shown ? '' : `, default ${String(row.default)}`}]`;
}

/** Attribute under which commander keeps the option. */
const attribute = (key: OptionKey): string => `option:${key}`;

/**
 * Adds the flags of these options. Values stay text: the configuration judges them together with all other sources.
 * Without `all` only the common ones are in --help.
 */
export function addOptionFlags(
  command: Command,
  keys: readonly OptionKey[],
  settings: { readonly all: boolean },
): void {
  for (const key of keys) {
    const row = option(key);
    const name = flagName(key);
    const flags: Option[] = [];
    if (row.kind === 'boolean') {
      flags.push(
        new Option(`--${name} [true|false]`, helpOf(key)),
        new Option(`--no-${name}`, `the opposite of --${name}`),
      );
    } else {
      const flag = new Option(`--${name} <${row.argumentName ?? ARGUMENT_NAMES[row.kind]}>`, helpOf(key));
      if (row.kind === 'list') flag.argParser((value: string, before?: string[]) => [...(before ?? []), value]);
      flags.push(flag);
    }
    for (const flag of flags) {
      flag.attributeName = () => attribute(key);
      if (!settings.all && row.common !== true) flag.hideHelp();
      command.addOption(flag);
    }
  }
}

/** --config, and the flags of every option. */
export function addConfigFlags(command: Command, settings: { readonly all: boolean }): void {
  command.option('--config <FILE>', 'config file; default: cairn.toml in the data directory');
  addOptionFlags(command, OPTION_KEYS, settings);
  if (!settings.all) command.addHelpText('after', '\n--help-all lists every option.');
}

/** The flags given for options, as commander collected them. */
export function flagsOf(options: Readonly<Record<string, unknown>>): Flags {
  return Object.fromEntries(OPTION_KEYS.map((key) => [key, options[attribute(key)]])) as Flags;
}

/** The configuration of a command line. */
export function configOf(options: Readonly<Record<string, unknown>>): LoadedConfig {
  return loadConfig({
    file: options.config as string | undefined,
    flags: flagsOf(options),
    env: process.env,
    cwd: process.cwd(),
  });
}
