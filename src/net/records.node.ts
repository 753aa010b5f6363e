import { join } from 'node:path';
import type { Logger } from '../util/ports.ts';
import { Anchors } from './anchors.ts';
import { Bans } from './bans.ts';
import { JsonFile } from './jsonFile.node.ts';

/** What outlives the process beside libp2p's peer store: bans.json and peers.json in the data directory. */
export class Records {
  readonly bans: Bans;
  readonly anchors = new Anchors();
  readonly #bansFile: JsonFile;
  readonly #anchorsFile: JsonFile;
  readonly #logger: Logger;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(dataDir: string, logger: Logger) {
    this.#bansFile = new JsonFile(join(dataDir, 'bans.json'));
    this.#anchorsFile = new JsonFile(join(dataDir, 'peers.json'));
    this.#logger = logger;
    this.bans = new Bans((entries) => this.#save(this.#bansFile, entries));
  }

  /** Reads both files; a damaged one is moved aside and counts as empty. */
  load(nowMs: number): void {
    this.bans.restore(this.#bansFile.read(), nowMs);
    this.anchors.restore(this.#anchorsFile.read(), nowMs);
  }

  saveAnchors(): void {
    this.#save(this.#anchorsFile, this.anchors.list());
  }

  /** Resolves when everything given so far is on disk, or was reported as not saved. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  #save(file: JsonFile, content: unknown): void {
    const saved = file
      .save(content)
      .catch((err: unknown) => this.#logger.error({ file: file.path, err }, 'could not save'));
    this.#saving = Promise.all([this.#saving, saved]);
  }
}
