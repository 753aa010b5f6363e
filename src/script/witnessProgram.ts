import { sha256 } from '../crypto/hash.ts';
import { payToPubKeyHash, type WitnessProgram, witnessType } from '../primitives/outputScript.ts';
import { equalBytes } from '../util/bytes.ts';
import type { ScriptError } from './errors.ts';
import { SCRIPT_FLAGS } from './flags.ts';
import type { Execution } from './interpreter/machine.ts';
import { inputOf } from './spend.ts';
import { spendTaproot } from './taprootSpend.ts';
import { runWitnessScript } from './witnessScript.ts';

const KEY_HASH_SIZE = 20;
/** Where the hash lies in a P2PKH script, and the length of that script. */
const PUB_KEY_HASH_AT = 3;
const PUB_KEY_HASH_SCRIPT_SIZE = 25;

/** P2WSH: the last item is the script, which the program is the SHA-256 of. */
function spendScriptHash(
  execution: Execution,
  program: Uint8Array,
  witness: readonly Uint8Array[],
): ScriptError | undefined {
  const script = witness[witness.length - 1];
  if (script === undefined) return 'WITNESS_PROGRAM_WITNESS_EMPTY';
  if (!equalBytes(sha256(script), program)) return 'WITNESS_PROGRAM_MISMATCH';
  return runWitnessScript(execution, script, witness.slice(0, -1));
}

/** A P2PKH script that is written anew for each P2WPKH input; its buffer exists, which a view on a new small array must make. */
const keyHashScript = new Uint8Array(new ArrayBuffer(PUB_KEY_HASH_SCRIPT_SIZE));
keyHashScript.set(payToPubKeyHash(new Uint8Array(KEY_HASH_SIZE)));

/** The script that a P2WPKH program stands for; an observer may keep what it sees, so it gets one of its own. */
function scriptOfKeyHash({ observe }: Execution, program: Uint8Array): Uint8Array {
  if (observe !== undefined) return payToPubKeyHash(program);
  keyHashScript.set(program, PUB_KEY_HASH_AT);
  return keyHashScript;
}

/** P2WPKH: signature and key, under the script of P2PKH. */
function spendKeyHash(
  execution: Execution,
  program: Uint8Array,
  witness: readonly Uint8Array[],
): ScriptError | undefined {
  if (witness.length !== 2) return 'WITNESS_PROGRAM_MISMATCH';
  return runWitnessScript(execution, scriptOfKeyHash(execution, program), witness);
}

/**
 * Does the input's witness satisfy a witness program (BIP141; Bitcoin Core's VerifyWitnessProgram), native or `nested` in
 * P2SH? Versions and lengths without a meaning yet are satisfied by anything; policy discourages them.
 */
export function verifyWitnessProgram(
  execution: Execution,
  witnessProgram: WitnessProgram,
  nested: boolean,
): ScriptError | undefined {
  const { witness } = inputOf(execution.spend);
  const { version, program } = witnessProgram;
  const type = witnessType(witnessProgram);
  if (type === 'witness_v0_keyhash') return spendKeyHash(execution, program, witness);
  if (type === 'witness_v0_scripthash') return spendScriptHash(execution, program, witness);
  if (version === 0) return 'WITNESS_PROGRAM_WRONG_LENGTH';
  if (type === 'witness_v1_taproot' && !nested) {
    const active = (execution.flags & SCRIPT_FLAGS.TAPROOT) !== 0;
    return active ? spendTaproot(execution, program, witness) : undefined;
  }
  // Pay-to-anchor is open to everybody by design.
  if (type === 'anchor' && !nested) return undefined;
  const discouraged = (execution.flags & SCRIPT_FLAGS.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM) !== 0;
  return discouraged ? 'DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM' : undefined;
}
