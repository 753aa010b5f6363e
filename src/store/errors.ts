import { DecodeError } from '../util/codec.ts';

/**
 * Failures of storage. They are ours, never a peer's, and every one says what happened to which path and what to do next.
 * `exitCode` is what a command ends with when the failure stops it (sysexits: 74 I/O, 75 try again later, 78 configuration).
 */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly kind: 'io' | 'full' | 'corrupt';
  /** File or folder concerned. */
  readonly path: string;
  /** What happened, without path and hint. */
  readonly detail: string;
  /** One next command or action. */
  readonly hint: string;
  readonly exitCode: number = 74;

  constructor(kind: StoreError['kind'], path: string, message: string, hint: string, cause?: unknown) {
    super(`${message} (${path}). ${hint}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.path = path;
    this.detail = message;
    this.hint = hint;
  }
}

/** Another process has the data directory open. */
export class DatadirLockedError extends Error {
  override readonly name = 'DatadirLockedError';
  readonly path: string;
  readonly exitCode = 75;

  /** `holder`: "process 1234 (start)", where known. */
  constructor(path: string, holder = 'another process') {
    super(`data directory ${path} is in use by ${holder}. Stop it, or give this one another --datadir`);
    this.path = path;
  }
}

/** The data directory belongs to another network. */
export class WrongNetworkError extends Error {
  override readonly name = 'WrongNetworkError';
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
  readonly exitCode = 78;

  constructor(path: string, found: string, wanted: string) {
    super(`data directory ${path} belongs to network ${found}, not ${wanted}. Give another --datadir or --network`);
    this.path = path;
    this.found = found;
    this.wanted = wanted;
  }
}

/** The data directory was written in a format this version does not know. */
export class UnknownFormatError extends Error {
  override readonly name = 'UnknownFormatError';
  readonly path: string;
  readonly exitCode = 78;

  constructor(path: string, found: string, known: number, kind: 'unknown' | 'older') {
    super(
      kind === 'older'
        ? `data directory ${path} has format ${found}, this version has format ${known}. Start the node once, which brings it up to date`
        : `data directory ${path} has format ${found}, this version knows format ${known}. Use the version that wrote it, or another --datadir`,
    );
    this.path = path;
  }
}

/** The coins come from a snapshot that is not validated: what was verified on them says nothing of the blocks above it. */
export class UnvalidatedCoinsError extends Error {
  override readonly name = 'UnvalidatedCoinsError';
  readonly path: string;
  readonly exitCode = 64;

  constructor(path: string) {
    super(
      `the coins of ${path} come from a snapshot that is not validated, and scripts above it were run on them: --reindex-chainstate would not run these again. Start with --reindex, which verifies everything from genesis on`,
    );
    this.path = path;
  }
}

const CHECK_DISK = 'Check the disk and its permissions, then start again';
const MAKE_ROOM = 'Free space on that disk, then start again: nothing committed was lost';
const REINDEX = 'Start with --reindex to make the index and the coins anew from the block files, or restore a backup';

/** What to do when only coins are damaged. */
export const REINDEX_COINS =
  'Start with --reindex-chainstate to make the coins anew from the blocks, or restore a backup';

/** What to do when the headers of a light node in folder `path` are damaged. */
export function headersAgain(path: string): string {
  return `Move ${path} away: the headers come again from peers`;
}

/** The StoreError of something thrown by file system or database; errors that are one already pass through. */
export function toStoreError(error: unknown, path: string, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const chain = [error, error instanceof Error ? error.cause : undefined];
  const text = chain.map((e) => (e instanceof Error ? e.message : '')).join(' ');
  const code = chain.map((e) => (e as { code?: unknown } | undefined)?.code).find((c) => typeof c === 'string');
  const message = `${doing} failed: ${text.trim() || String(error)}`;
  if (code === 'ENOSPC' || code === 'EDQUOT' || /no space left|quota exceeded/i.test(text))
    return new StoreError('full', path, message, MAKE_ROOM, error);
  if (code === 'LEVEL_CORRUPTION' || /corruption/i.test(text))
    return new StoreError('corrupt', path, message, REINDEX, error);
  return new StoreError('io', path, message, CHECK_DISK, error);
}

/** No room for what is to be written. */
export function full(path: string, message: string): StoreError {
  return new StoreError('full', path, message, MAKE_ROOM);
}

/** A record that is not what was written. */
export function corrupt(path: string, message: string, hint: string = REINDEX): StoreError {
  return new StoreError('corrupt', path, message, hint);
}

/** Runs `decode` on stored bytes: bytes that cannot be decoded are damage, not bad input. */
export function decodeStored<T>(path: string, what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) throw corrupt(path, `${what}: ${error.message}`);
    throw error;
  }
}
