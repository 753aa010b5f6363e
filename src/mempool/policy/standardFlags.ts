import { SCRIPT_FLAGS as F } from '../../script/flags.ts';

/**
 * Flags that scripts are verified with before they are relayed: all consensus rules ever activated and, as policy, what a
 * soft fork may forbid later and what makes a transaction malleable (Bitcoin Core STANDARD_SCRIPT_VERIFY_FLAGS).
 */
export const STANDARD_SCRIPT_FLAGS =
  F.P2SH |
  F.DERSIG |
  F.NULLDUMMY |
  F.CHECKLOCKTIMEVERIFY |
  F.CHECKSEQUENCEVERIFY |
  F.WITNESS |
  F.TAPROOT |
  F.STRICTENC |
  F.MINIMALDATA |
  F.DISCOURAGE_UPGRADABLE_NOPS |
  F.CLEANSTACK |
  F.MINIMALIF |
  F.NULLFAIL |
  F.LOW_S |
  F.DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM |
  F.WITNESS_PUBKEYTYPE |
  F.CONST_SCRIPTCODE |
  F.DISCOURAGE_UPGRADABLE_TAPROOT_VERSION |
  F.DISCOURAGE_OP_SUCCESS |
  F.DISCOURAGE_UPGRADABLE_PUBKEYTYPE;
