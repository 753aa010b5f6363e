import { type SecpProvider, setSecpProvider } from '../../src/crypto/secp.ts';
import { nobleSecpProvider } from '../../src/crypto/secpNoble.ts';
import { nodeSecpProvider } from '../../src/crypto/secpNode.node.ts';
import { toHex } from '../../src/util/hex.ts';

/** More than the vectors need; long runs of random spends must not fill the memory. */
const MAX_REMEMBERED = 20_000;

/** The provider with its verdicts remembered, for tests that verify the same spends under many sets of flags. */
function memo(provider: SecpProvider): SecpProvider {
  const verdicts = new Map<string, boolean>();
  const remember =
    (name: string, verify: (a: Uint8Array, b: Uint8Array, c: Uint8Array) => boolean) =>
    (a: Uint8Array, b: Uint8Array, c: Uint8Array): boolean => {
      const key = `${name} ${toHex(a)} ${toHex(b)} ${toHex(c)}`;
      let verdict = verdicts.get(key);
      if (verdict === undefined) {
        if (verdicts.size >= MAX_REMEMBERED) verdicts.clear();
        verdict = verify(a, b, c);
        verdicts.set(key, verdict);
      }
      return verdict;
    };
  const tweaked = new Map<string, ReturnType<SecpProvider['tweakAddXOnly']>>();
  return {
    ...provider,
    verifyEcdsa: remember('ecdsa', provider.verifyEcdsa),
    verifySchnorr: remember('schnorr', provider.verifySchnorr),
    tweakAddXOnly(key, tweak) {
      const name = `${toHex(key)} ${toHex(tweak)}`;
      if (tweaked.size >= MAX_REMEMBERED) tweaked.clear();
      if (!tweaked.has(name)) tweaked.set(name, provider.tweakAddXOnly(key, tweak));
      return tweaked.get(name);
    },
  };
}

/** Installs the remembering provider for the tests of a suite. */
export function useMemoSecp(): void {
  before(() => setSecpProvider(memo(nodeSecpProvider().provider)));
  after(() => setSecpProvider(nobleSecpProvider));
}
