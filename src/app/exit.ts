/** Exit codes of the command line, from sysexits.h where it has one. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** Wrong arguments. */
  usage: 64,
  /** Something needed is not running or its port is taken. */
  unavailable: 69,
  /** A bug in this program. */
  bug: 70,
  /** Disk: full, unreadable, no permission. */
  disk: 74,
  /** Another process holds the data directory. */
  locked: 75,
  /** Configuration. */
  config: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the program with a message for people: the cause, and one next command to try. */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly exitCode: ExitCode;
  readonly next: string | undefined;

  constructor(exitCode: ExitCode, message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.exitCode = exitCode;
    this.next = options.next;
  }
}

const BY_SYSTEM_CODE: Readonly<Record<string, ExitCode>> = {
  EADDRINUSE: EXIT.unavailable,
  EADDRNOTAVAIL: EXIT.config,
  EACCES: EXIT.disk,
  EPERM: EXIT.disk,
  EROFS: EXIT.disk,
  ENOSPC: EXIT.disk,
  EDQUOT: EXIT.disk,
  EIO: EXIT.disk,
  EMFILE: EXIT.disk,
  ENOTDIR: EXIT.disk,
  LEVEL_LOCKED: EXIT.locked,
  LEVEL_CORRUPTION: EXIT.disk,
  LEVEL_IO_ERROR: EXIT.disk,
};

function next(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0];
  return error instanceof Error ? error.cause : undefined;
}

/**
 * The exit code of anything thrown: an ExitError's own, a system error's by its `code` (also when it is the cause of
 * another error), and "bug" for everything else.
 */
export function exitCodeOf(error: unknown): ExitCode {
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; at = next(at), depth++) {
    if (at instanceof ExitError) return at.exitCode;
    const own = at instanceof Error && 'exitCode' in at ? at.exitCode : undefined;
    if (typeof own === 'number' && Object.values(EXIT).includes(own as ExitCode)) return own as ExitCode;
    if (at instanceof Error && at.name === 'PortInUseError') return EXIT.unavailable;
    const code = at instanceof Error && 'code' in at ? at.code : undefined;
    const known = typeof code === 'string' ? BY_SYSTEM_CODE[code] : undefined;
    if (known !== undefined) return known;
  }
  return EXIT.bug;
}
