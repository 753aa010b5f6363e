import type { AcceptedBlock, Chain } from '../../chain/chain.ts';
import { type Block, decodingBlock } from '../../primitives/block.ts';
import { displayHash, type Hash256, hashKey } from '../../primitives/hash.ts';
import { decodeHeader, HEADER_SIZE } from '../../primitives/header.ts';
import { type Broken, broken, type Check } from '../../primitives/rules.ts';
import { DecodeError } from '../../util/codec.ts';
import { type Pause, walkSteps } from '../../util/steps.ts';
import type { BlockRecord, BlockRecords } from './blockRecords.ts';
import { type WaitingBlock, WaitingBlocks } from './waitingBlocks.ts';

/** The files of an import, in the order given. */
export interface BlockFiles {
  readonly paths: readonly string[];
  /** Their bytes, in the same order. */
  readonly sizes: readonly number[];
  /** A new walk over file `file`, which becomes the one that is read. */
  open(file: number): Promise<BlockRecords>;
  /** `size` bytes of any of the files. */
  read(file: number, at: number, size: number): Promise<Uint8Array>;
}

/** A record that was not taken. */
export interface RefusedRecord {
  readonly path: string;
  readonly offset: number;
  /** Hash of the block as displayed, where one could be read. */
  readonly block: string | undefined;
  readonly fault: Broken;
}

export interface ImportCounts {
  /** On the active chain when taken; kept, because another branch is better or an ancestor is missing; there before; refused. */
  connected: number;
  stored: number;
  known: number;
  refused: number;
}

export interface ImportState {
  readonly counts: Readonly<ImportCounts>;
  /** File under way, and bytes read of all files. */
  readonly file: number;
  readonly bytes: number;
  readonly waiting: number;
}

export interface ImportDeps {
  readonly chain: Pick<Chain, 'entry' | 'acceptBlock' | 'tip'>;
  readonly files: BlockFiles;
  /** Asked before every record. */
  readonly stopped: () => boolean;
  /** Told after every record. */
  readonly progress: (state: ImportState) => void;
  readonly refused: (record: RefusedRecord) => void;
  /** Told when all files are read, while the last blocks are with the chain still. */
  readonly ending?: () => void;
  /** Asked between the steps in which large blocks are decoded; default: none. */
  readonly pause?: Pause;
  /** Room for blocks that come before their parents; default MAX_WAITING. */
  readonly maxWaiting?: number;
}

export interface ImportResult {
  readonly counts: Readonly<ImportCounts>;
  readonly stopped: boolean;
  /** Blocks whose parent is in none of the files. */
  readonly orphans: number;
  readonly firstOrphan: { readonly path: string; readonly offset: number; readonly parent: string } | undefined;
}

/** Blocks handed to the chain at the same time: while the scripts of one run, the next are read and judged. */
const LOOKAHEAD = 4;

/** A block the chain is judging. */
interface FlyingBlock {
  readonly key: string;
  readonly landed: Promise<void>;
}

/**
 * Hands the blocks of files to the chain, in whatever order they lie there. A block before its parent is remembered by its
 * place and read again when the parent has come; when there is no room to remember it, the files are read once more as
 * long as that brings the chain further. Blocks the chain has are passed over by their header.
 */
class BlockImport {
  readonly #deps: ImportDeps;
  readonly #waiting: WaitingBlocks;
  readonly #counts: ImportCounts = { connected: 0, stored: 0, known: 0, refused: 0 };
  /** Places already told about: they are met again in every further pass. */
  readonly #told = new Set<string>();
  /** In the order in which they were handed over. */
  readonly #flying: FlyingBlock[] = [];
  #file = 0;
  #bytes = 0;

  constructor(deps: ImportDeps) {
    this.#deps = deps;
    this.#waiting = new WaitingBlocks(deps.maxWaiting);
  }

  async run(): Promise<ImportResult> {
    let stopped = false;
    for (let pass = 0; !stopped; pass++) {
      const before = this.#taken;
      if (pass > 0) this.#counts.known = 0;
      stopped = await this.#pass();
      if (stopped || this.#waiting.refused === 0 || this.#taken === before) break;
      this.#waiting.clear();
    }
    const orphan = this.#waiting.first();
    return {
      counts: this.#counts,
      stopped,
      orphans: this.#waiting.size + this.#waiting.refused,
      firstOrphan: orphan && {
        path: this.#deps.files.paths[orphan.file] as string,
        offset: orphan.record.offset,
        parent: displayHash(orphan.parent),
      },
    };
  }

  get #taken(): number {
    return this.#counts.connected + this.#counts.stored;
  }

  /** Reads all files once. True when asked to stop. */
  async #pass(): Promise<boolean> {
    const { files, stopped } = this.#deps;
    let before = 0;
    for (const [file, size] of files.sizes.entries()) {
      this.#file = file;
      const records = await files.open(file);
      for (let record = await records.next(); record !== undefined; record = await records.next()) {
        if (stopped()) break;
        if ('fault' in record) this.#refuse(file, record.offset, undefined, record.fault);
        else await this.#meet(records, record);
        await this.#land(LOOKAHEAD);
        this.#bytes = before + records.position;
        this.#tell();
      }
      if (stopped()) break;
      before += size;
    }
    // Unless they are read once more.
    if (this.#waiting.refused === 0) this.#deps.ending?.();
    await this.#land(0);
    this.#tell();
    return stopped();
  }

  async #meet(records: BlockRecords, record: BlockRecord): Promise<void> {
    const { chain, files } = this.#deps;
    const file = this.#file;
    const header = decodeHeader(await files.read(file, record.at, HEADER_SIZE));
    const block: WaitingBlock = { file, record, hash: header.hash, parent: header.prevHash };
    const entry = chain.entry(header.hash);
    if (entry?.hasBody === true && (entry.status === 'valid' || entry.status === 'stored')) this.#counts.known++;
    else if (!this.#isMet(header.prevHash)) {
      this.#waiting.add(block);
      return;
    } else {
      if (!(await this.#take(block))) await records.reject(record);
      return;
    }
    await this.#release(header.hash);
  }

  #isMet(hash: Hash256): boolean {
    const key = hashKey(hash);
    return this.#deps.chain.entry(hash) !== undefined || this.#flying.some((block) => block.key === key);
  }

  /** Waits until at most `count` blocks are with the chain. */
  async #land(count: number): Promise<void> {
    while (this.#flying.length > count) {
      const [first] = this.#flying as [FlyingBlock];
      await first.landed;
      this.#flying.shift();
    }
  }

  /** Takes the blocks that waited for `parent`; those that wait for them follow when they have landed. */
  async #release(parent: Hash256): Promise<void> {
    for (const block of this.#waiting.take(parent)) {
      if (this.#deps.stopped()) return;
      await this.#take(block);
    }
  }

  /** Hands a block to the chain. False when the record holds none. */
  async #take(block: WaitingBlock): Promise<boolean> {
    const { chain, files } = this.#deps;
    const { file, record } = block;
    const bytes = await files.read(file, record.at, record.length);
    let decoded: Block;
    try {
      decoded = await walkSteps(decodingBlock(bytes), this.#deps.pause);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refuse(file, record.offset, undefined, broken('malformed', error.message));
      return false;
    }
    const landed = chain.acceptBlock(decoded, { requested: true }).then((verdict) => this.#judged(block, verdict));
    // Told when it is waited for.
    landed.catch(() => undefined);
    this.#flying.push({ key: hashKey(block.hash), landed });
    return true;
  }

  async #judged(block: WaitingBlock, verdict: Check<AcceptedBlock>): Promise<void> {
    if (verdict.ok) this.#counts[verdict.value.result]++;
    else if (verdict.rule === 'prev-blk-not-found') this.#waiting.add(block);
    else this.#refuse(block.file, block.record.offset, block.hash, verdict);
    if (this.#deps.chain.entry(block.hash) !== undefined) await this.#release(block.hash);
  }

  #refuse(file: number, offset: number, hash: Uint8Array | undefined, fault: Broken): void {
    const place = `${file}:${offset}`;
    if (this.#told.has(place)) return;
    this.#told.add(place);
    this.#counts.refused++;
    const path = this.#deps.files.paths[file] as string;
    this.#deps.refused({ path, offset, block: hash && displayHash(hash), fault });
  }

  #tell(): void {
    const { size } = this.#waiting;
    this.#deps.progress({ counts: this.#counts, file: this.#file, bytes: this.#bytes, waiting: size });
  }
}

/** Imports every block of the files. The chain's own failures throw. */
export function importBlocks(deps: ImportDeps): Promise<ImportResult> {
  return new BlockImport(deps).run();
}
