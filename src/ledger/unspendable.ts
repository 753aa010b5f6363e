const OP_RETURN = 0x6a;
/** Longest script that can run (Bitcoin Core MAX_SCRIPT_SIZE), bytes. */
const MAX_SCRIPT_SIZE = 10_000;

/**
 * True when no input can ever spend the script: it starts with OP_RETURN or is too long to run. Such outputs never enter
 * the coin set (Bitcoin Core CScript::IsUnspendable).
 */
export function isUnspendable(scriptPubKey: Uint8Array): boolean {
  return scriptPubKey[0] === OP_RETURN || scriptPubKey.length > MAX_SCRIPT_SIZE;
}
