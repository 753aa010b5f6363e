import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** One `rpcauth=user:salt$hmac` line: HMAC-SHA256 of the password, keyed with the salt's text (Bitcoin Core share/rpcauth). */
export interface RpcAuth {
  readonly user: string;
  readonly salt: string;
  /** 64 hex digits. */
  readonly hmac: string;
}

/** Reads "user:salt$hmac"; undefined when it is not of that form. */
export function parseRpcAuth(line: string): RpcAuth | undefined {
  const m = /^([^:]+):([^$]+)\$([0-9a-fA-F]{64})$/.exec(line);
  if (m === null) return undefined;
  return { user: m[1] as string, salt: m[2] as string, hmac: (m[3] as string).toLowerCase() };
}

function hmacOf(salt: string, password: string): string {
  return createHmac('sha256', salt).update(password, 'utf8').digest('hex');
}

/** The rpcauth entry for a plain password, with a fresh salt: plain passwords are not kept in memory. */
export function makeRpcAuth(user: string, password: string): RpcAuth {
  const salt = randomBytes(16).toString('hex');
  return { user, salt, hmac: hmacOf(salt, password) };
}

/** Equality whose time depends on neither content nor place of the first difference. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Who may call what. A user without an entry may call everything, unless `others` is 'nothing'. */
export interface Whitelist {
  readonly methods: ReadonlyMap<string, ReadonlySet<string>>;
  readonly others: 'everything' | 'nothing';
}

/** True when `user` may call `method`. */
export function mayCall(whitelist: Whitelist | undefined, user: string, method: string): boolean {
  if (whitelist === undefined) return true;
  const own = whitelist.methods.get(user);
  return own === undefined ? whitelist.others === 'everything' : own.has(method);
}

export type AuthVerdict =
  | { readonly ok: true; readonly user: string }
  /** tried: credentials were given and are wrong, so the answer is delayed. */
  | { readonly ok: false; readonly tried: boolean };

/** Checks Basic credentials against every entry, always all of them, so that timing tells nothing. */
export class Authenticator {
  readonly #entries: readonly RpcAuth[];

  constructor(entries: readonly RpcAuth[]) {
    this.#entries = entries;
  }

  /** `header` is the Authorization header's value. */
  check(header: string | undefined): AuthVerdict {
    const m = header === undefined ? null : /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header);
    if (m === null) return { ok: false, tried: header !== undefined };
    const pair = Buffer.from(m[1] as string, 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    if (colon < 0) return { ok: false, tried: true };
    const user = pair.slice(0, colon);
    const password = pair.slice(colon + 1);
    let good = false;
    for (const entry of this.#entries) {
      const sameUser = sameText(entry.user, user);
      const samePassword = sameText(entry.hmac, hmacOf(entry.salt, password));
      good = (sameUser && samePassword) || good;
    }
    return good ? { ok: true, user } : { ok: false, tried: true };
  }
}
