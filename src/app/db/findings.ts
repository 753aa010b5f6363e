import type { HeaderEntry } from '../../chain/entry.ts';

/** What of a data directory is wrong. */
export interface Finding {
  readonly part:
    | 'database'
    | 'headers'
    | 'blocks'
    | 'undo'
    | 'tip'
    | 'coins'
    | 'txindex'
    | 'past'
    | 'peers'
    | 'mempool';
  /** File concerned; the folder of the database for a record of it. */
  readonly path: string;
  /** Where in the file, where known. */
  readonly offset: number | undefined;
  /** The block that is hurt, where known. */
  readonly block: { readonly height: number; readonly id: string } | undefined;
  readonly detail: string;
}

/** How far a verification has come. */
export interface VerifyProgress {
  readonly stage: 'database' | 'headers' | 'blocks' | 'undo' | 'coins' | 'txindex' | 'past' | 'replay' | 'peers';
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
  /** What is counted. */
  readonly unit: 'bytes' | 'headers' | 'coins' | 'transactions' | 'blocks';
}

/** What every part of a verification may use. */
export interface VerifyPorts {
  readonly found: (finding: Finding) => void;
  readonly progress: (progress: VerifyProgress) => void;
  /** Asked often: somebody wants to stop. */
  readonly stopped: () => boolean;
}

/** A block as findings name it. */
export function blockOf(entry: HeaderEntry | undefined): Finding['block'] {
  return entry === undefined ? undefined : { height: entry.height, id: entry.header.id };
}

/** "blk00000.dat: offset 120: block 7 (00ab…): record has a wrong checksum" */
export function findingLine({ part, path, offset, block, detail }: Finding): string {
  const where = offset === undefined ? '' : `offset ${offset}: `;
  const which = block === undefined ? '' : `block ${block.height} (${block.id}): `;
  return `${part}: ${path}: ${where}${which}${detail}`;
}
