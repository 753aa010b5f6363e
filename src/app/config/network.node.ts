import { readFileSync } from 'node:fs';
import { NetworkFileError } from '../../params/definition.ts';
import type { Network } from '../../params/network.ts';
import { builtInNetwork } from '../../params/networks.ts';
import { EXIT, ExitError } from '../exit.ts';
import { BUILT_IN_NETWORKS, looksLikePath } from './crossChecks.ts';
import type { NetworkBinding } from './dataDir.node.ts';

/** The network of a name or of a JSON file's path. Throws ExitError (78) that names file, field, value and rule. */
export async function loadNetwork(nameOrPath: string): Promise<Network> {
  const known = builtInNetwork(nameOrPath);
  if (known !== undefined) return known;
  // The schema is only needed for files.
  const { parseNetworkFile } = await import('../../params/networkFile.ts');
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(nameOrPath, 'utf8'));
  } catch (error) {
    if (!looksLikePath(nameOrPath)) {
      throw new ExitError(
        EXIT.config,
        `unknown network "${nameOrPath}": built in are ${BUILT_IN_NETWORKS.join(', ')}`,
        {
          next: 'cairn network new NAME makes a network file; its path is the name then',
        },
      );
    }
    throw new ExitError(EXIT.config, `network file ${nameOrPath}: ${(error as Error).message}`, {
      next: 'cairn network new NAME',
    });
  }
  try {
    return parseNetworkFile(json);
  } catch (error) {
    if (!(error instanceof NetworkFileError)) throw error;
    throw new ExitError(EXIT.config, error.problems.map((problem) => `${nameOrPath}: ${problem}`).join('\n'), {
      next: `cairn network show ${nameOrPath}`,
    });
  }
}

export function bindingOf(network: Network): NetworkBinding {
  return { name: network.name, chainId: network.genesis.header.id };
}
