import { randomBytes } from 'node:crypto';
import { open, readFile, rename, unlink } from 'node:fs/promises';
import { makeRpcAuth, type RpcAuth } from './auth.node.ts';

export const COOKIE_USER = '__cookie__';

/** The credentials of this run, in a file that only the owner of the process can read. */
export interface Cookie {
  readonly path: string;
  readonly auth: RpcAuth;
  /** Removes the file, unless another process has put its own there since. */
  remove(): Promise<void>;
}

/**
 * Writes `__cookie__:<64 hex digits>` to `path`: first to a temporary file of mode 0600, then renamed over the old one, so
 * that a reader never sees half a cookie and never one that others can read.
 */
export async function writeCookie(path: string): Promise<Cookie> {
  const password = randomBytes(32).toString('hex');
  const text = `${COOKIE_USER}:${password}`;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text, 'utf8');
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  return {
    path,
    auth: makeRpcAuth(COOKIE_USER, password),
    async remove() {
      const now = await readFile(path, 'utf8').catch(() => undefined);
      if (now === text) await unlink(path).catch(() => undefined);
    },
  };
}

/** User and password of a cookie file. Throws with the path when it cannot be read or is no cookie. */
export async function readCookie(path: string): Promise<{ readonly user: string; readonly password: string }> {
  const text = (await readFile(path, 'utf8')).trim();
  const colon = text.indexOf(':');
  if (colon <= 0) throw new Error(`${path} does not hold user:password`);
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
