import { secp } from '../crypto/secp.ts';
import { type AddressPrefixes, encodeAddress } from '../primitives/address.ts';
import { toHex } from '../util/hex.ts';
import { classifyOutput } from './templates.ts';

/** Characters a descriptor may hold, in the order that gives them their values (BIP380). */
const INPUT_CHARSET =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ ';
const CHECKSUM_CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn];

function polymod(c: bigint, value: number): bigint {
  const top = c >> 35n;
  let out = ((c & 0x7ffffffffn) << 5n) ^ BigInt(value);
  for (let i = 0; i < 5; i++) if (((top >> BigInt(i)) & 1n) === 1n) out ^= GENERATOR[i] as bigint;
  return out;
}

/** The eight checksum characters of a descriptor (BIP380). Throws RangeError for a character no descriptor may hold. */
export function descriptorChecksum(text: string): string {
  let c = 1n;
  let group = 0;
  let count = 0;
  for (const character of text) {
    const position = INPUT_CHARSET.indexOf(character);
    if (position < 0) throw new RangeError(`descriptor: invalid character ${JSON.stringify(character)}`);
    c = polymod(c, position & 31);
    group = group * 3 + (position >> 5);
    if (++count === 3) {
      c = polymod(c, group);
      group = 0;
      count = 0;
    }
  }
  if (count > 0) c = polymod(c, group);
  for (let i = 0; i < 8; i++) c = polymod(c, 0);
  c ^= 1n;
  let out = '';
  for (let i = 0; i < 8; i++) out += CHECKSUM_CHARSET[Number((c >> BigInt(5 * (7 - i))) & 31n)];
  return out;
}

/** multi(…) with the keys as they stand in the script; undefined when one of them is hybrid, which no descriptor can name. */
function multisig({ required, keys }: { readonly required: number; readonly keys: readonly Uint8Array[] }) {
  if (keys.some((key) => (key[0] as number) > 4)) return undefined;
  return `multi(${[String(required), ...keys.map(toHex)].join(',')})`;
}

/** Nobody is known to hold keys for the script: what can be said from its bytes (Bitcoin Core's InferDescriptor without keys). */
function inferred(script: Uint8Array, prefixes: AddressPrefixes): string {
  const template = classifyOutput(script);
  if (template.type === 'pubkey' && (template.key[0] as number) <= 4) return `pk(${toHex(template.key)})`;
  const multi = template.type === 'multisig' ? multisig(template) : undefined;
  if (multi !== undefined) return multi;
  if (template.type === 'witness_v1_taproot' && secp().isXOnlyPublicKey(template.program)) {
    return `rawtr(${toHex(template.program)})`;
  }
  const address = encodeAddress(script, prefixes);
  return address === undefined ? `raw(${toHex(script)})` : `addr(${address})`;
}

const withChecksum = (text: string): string => `${text}#${descriptorChecksum(text)}`;

/** Descriptor of an output script with its checksum, as RPC shows it in `desc`. */
export function inferDescriptor(script: Uint8Array, prefixes: AddressPrefixes): string {
  return withChecksum(inferred(script, prefixes));
}

/** Descriptor of the P2WSH output whose witness script is known, with checksum; undefined when that script has none. */
export function inferWshDescriptor(witnessScript: Uint8Array): string | undefined {
  const template = classifyOutput(witnessScript);
  const inner = template.type === 'multisig' ? multisig(template) : undefined;
  return inner === undefined ? undefined : withChecksum(`wsh(${inner})`);
}
