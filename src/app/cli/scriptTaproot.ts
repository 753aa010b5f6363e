import { witnessProgramOf, witnessType } from '../../primitives/outputScript.ts';
import { inputOf, type Spend, spentOutput } from '../../script/spend.ts';
import { isControlBlockSize, LEAF_VERSION_MASK, LEAF_VERSION_TAPSCRIPT, tapLeafHash } from '../../script/taproot.ts';
import { ANNEX_TAG } from '../../script/taprootSpend.ts';
import { toHex } from '../../util/hex.ts';

/** What a taproot witness is made of (BIP341). */
export interface TaprootView {
  readonly path: 'key' | 'script' | 'none';
  readonly output_key: string;
  readonly annex?: string;
  readonly leaf_version?: number;
  readonly leaf_hash?: string;
  readonly internal_key?: string;
  /** Nodes between leaf and root. */
  readonly depth?: number;
}

/** The parts of an input's taproot witness; undefined when it spends no taproot output. Judges nothing. */
export function taprootView(spend: Spend): TaprootView | undefined {
  const program = witnessProgramOf(spentOutput(spend).scriptPubKey);
  if (program === undefined || witnessType(program) !== 'witness_v1_taproot') return undefined;
  const { witness } = inputOf(spend);
  const last = witness[witness.length - 1];
  const annex = witness.length >= 2 && last?.[0] === ANNEX_TAG ? last : undefined;
  const items = annex === undefined ? witness : witness.slice(0, -1);
  const common = {
    output_key: toHex(program.program),
    ...(annex === undefined ? {} : { annex: toHex(annex) }),
  };
  const control = items[items.length - 1];
  const script = items[items.length - 2];
  if (control === undefined || script === undefined) return { path: control === undefined ? 'none' : 'key', ...common };
  if (!isControlBlockSize(control.length)) return { path: 'script', ...common };
  const leafVersion = (control[0] as number) & LEAF_VERSION_MASK;
  return {
    path: 'script',
    ...common,
    leaf_version: leafVersion,
    leaf_hash: toHex(tapLeafHash(leafVersion, script)),
    internal_key: toHex(control.subarray(1, 33)),
    depth: (control.length - 33) / 32,
  };
}

/** In one line, for people. */
export function taprootText(view: TaprootView): string {
  const annex = view.annex === undefined ? '' : `, annex of ${view.annex.length / 2} bytes`;
  if (view.path === 'none') return 'taproot: no witness';
  if (view.path === 'key') return `taproot: by key: one signature for ${view.output_key}, no script runs${annex}`;
  if (view.leaf_hash === undefined) return `taproot: by script, with a control block of a wrong size${annex}`;
  return `taproot: by script: leaf version 0x${view.leaf_version?.toString(16)}, leaf ${view.leaf_hash}, ${view.depth} nodes deep, internal key ${view.internal_key}${annex}`;
}

/** Why a spend by script succeeded although no tapscript ran. */
export function unrunReason(view: TaprootView): string {
  return view.leaf_version === LEAF_VERSION_TAPSCRIPT
    ? 'the tapscript holds an OP_SUCCESS: it succeeds without being run (BIP342)'
    : 'the leaf version has no rules yet: any script succeeds (BIP341)';
}
