import { hash160, sha256 } from '../../crypto/hash.ts';
import { type AddressPrefixes, encodeAddress } from '../../primitives/address.ts';
import { isUnspendable, payToScriptHash, payToWitness } from '../../primitives/outputScript.ts';
import type { ScriptBackend } from '../../rpc/backend.ts';
import { scriptToAsm } from '../../script/asm.ts';
import { inferDescriptor, inferWshDescriptor } from '../../script/descriptor.ts';
import { classifyOutput, type OutputType } from '../../script/templates.ts';
import { hasValidOps, holdsOpSuccess, looksLikeScript } from '../../script/validOps.ts';

/** The script a P2SH address wraps it in, as text. */
function wrapP2sh(script: Uint8Array, prefixes: AddressPrefixes): string {
  return encodeAddress(payToScriptHash(hash160(script)), prefixes) as string;
}

/** The segwit form of a script: P2WPKH for what pays to one compressed key, P2WSH for the rest; none for uncompressed keys. */
function segwitForm(script: Uint8Array): Uint8Array | undefined {
  const template = classifyOutput(script);
  switch (template.type) {
    case 'pubkey':
      return template.key.length === 33 ? payToWitness({ version: 0, program: hash160(template.key) }) : undefined;
    case 'pubkeyhash':
      return payToWitness({ version: 0, program: template.hash });
    case 'multisig':
      if (template.keys.some((key) => key.length !== 33)) return undefined;
      return payToWitness({ version: 0, program: sha256(script) });
    case 'nonstandard':
      return payToWitness({ version: 0, program: sha256(script) });
    default:
      return undefined;
  }
}

const WRAPPED_TYPES: readonly OutputType[] = [
  'pubkey',
  'pubkeyhash',
  'multisig',
  'nonstandard',
  'witness_v0_keyhash',
  'witness_v0_scripthash',
];

/** Whether wrapped forms of the script make sense (Bitcoin Core's can_wrap in decodescript). */
function isWorthWrapping(script: Uint8Array): boolean {
  if (isUnspendable(script) || !hasValidOps(script) || holdsOpSuccess(script)) return false;
  return WRAPPED_TYPES.includes(classifyOutput(script).type);
}

/** How scripts and addresses of a network look to people. */
export function scriptBackend(prefixes: AddressPrefixes): ScriptBackend {
  return {
    describe: (script) => ({
      asm: scriptToAsm(script),
      desc: inferDescriptor(script, prefixes),
      type: classifyOutput(script).type,
      address: encodeAddress(script, prefixes),
    }),
    asm: (script, signatures) => scriptToAsm(script, signatures),
    looksLikeScript,
    wrappings(script) {
      if (!isWorthWrapping(script)) return { p2sh: undefined, segwit: undefined };
      const p2sh = wrapP2sh(script, prefixes);
      const segwit = segwitForm(script);
      if (segwit === undefined) return { p2sh, segwit };
      const desc = inferWshDescriptor(script) ?? inferDescriptor(segwit, prefixes);
      return { p2sh, segwit: { script: segwit, desc, p2sh: wrapP2sh(segwit, prefixes) } };
    },
  };
}
