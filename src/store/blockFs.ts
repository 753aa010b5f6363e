/** One open file, addressed by offset. Every method throws on failure; a failed write may have written a part. */
export interface BlockFile {
  /** Writes the parts one after another from `at`. */
  write(parts: readonly Uint8Array[], at: number): Promise<void>;
  /** Up to `size` bytes from `at`: fewer only at the end of the file. */
  read(at: number, size: number): Promise<Uint8Array>;
  size(): Promise<number>;
  truncate(size: number): Promise<void>;
  /** Content and size are durable when the promise resolves. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The folder of block files as recordFiles needs it: real (blockFsNode.node.ts), or one that fails on purpose in tests. */
export interface BlockFs {
  /** Where the file is, for messages. */
  path(name: string): string;
  list(): Promise<readonly string[]>;
  open(name: string, mode: 'read' | 'write'): Promise<BlockFile>;
  remove(name: string): Promise<void>;
  /** Creations and removals are durable when the promise resolves. */
  syncFolder(): Promise<void>;
  /** CRC-32 (IEEE) of the parts one after another. */
  crc32(parts: readonly Uint8Array[]): number;
}
