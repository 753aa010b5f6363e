import { type DestinationStream, type LevelWithSilent, pino } from 'pino';
import type { LogFields, Logger } from '../util/ports.ts';

export interface LogSettings {
  readonly level: LevelWithSilent;
  /** JSON lines instead of text. */
  readonly json: boolean;
}

const NAMES: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR' };

function shown(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** One line of text from one of pino's JSON lines: time, level, message, fields; an error's stack on the lines after. */
export function prettyLine(json: string): string {
  const {
    level,
    time,
    msg,
    pid: _pid,
    hostname: _host,
    err,
    room,
    ...fields
  } = JSON.parse(json) as LogFields & {
    level: number;
    time: number;
    msg?: string;
    room?: string;
    err?: { stack?: string; message?: string };
  };
  const clock = new Date(time).toISOString().slice(11, 23);
  const parts = [clock, (NAMES[level] ?? String(level)).padEnd(5)];
  if (room !== undefined) parts.push(`${room}:`);
  if (msg !== undefined) parts.push(msg);
  for (const [key, value] of Object.entries(fields)) parts.push(`${key}=${shown(value)}`);
  const stack = err === undefined ? '' : `\n${err.stack ?? err.message ?? ''}`;
  return `${parts.join(' ')}${stack}\n`;
}

/** Logger that writes to `out` (stderr by default), text or JSON lines. Fields `err` hold an Error. */
export function createLogger(settings: LogSettings, out: DestinationStream = process.stderr): Logger {
  const target: DestinationStream = settings.json ? out : { write: (line: string) => out.write(prettyLine(line)) };
  return wrap(
    pino(
      {
        level: settings.level,
        base: null,
        serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      },
      target,
    ),
  );
}

type Pino = ReturnType<typeof pino>;

function wrap(logger: Pino): Logger {
  return {
    trace: (fields, message) => logger.trace(fields, message),
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
