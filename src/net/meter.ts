import type { MultiaddrConnection, MultiaddrConnectionTimeline } from '@libp2p/interface';

/** Bytes of one connection as they pass its socket: encryption, muxing and pings included. */
export interface Traffic {
  sent: number;
  received: number;
  /** Unix milliseconds; 0 before the first. */
  lastSendMs: number;
  lastRecvMs: number;
}

/** The methods every libp2p connection has, below its public interface (@libp2p/utils AbstractMessageStream). */
interface Countable {
  onData?(data: { readonly byteLength: number }): void;
  sendData?(data: { readonly byteLength: number }): { readonly sentBytes: number };
}

/**
 * Counts traffic per connection. libp2p has no counters; a listener for the `message` event would take data away from the
 * upgrader, so the two methods every byte goes through are wrapped. Keyed by the timeline object, which a socket and the
 * libp2p connection made of it share.
 */
export class Meter {
  readonly #traffic = new WeakMap<MultiaddrConnectionTimeline, Traffic>();
  readonly #nowMs: () => number;
  readonly totals = { bytesSent: 0, bytesReceived: 0 };

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Starts counting; a second call for the same socket changes nothing. */
  watch(socket: MultiaddrConnection): void {
    if (this.#traffic.has(socket.timeline)) return;
    const traffic: Traffic = { sent: 0, received: 0, lastSendMs: 0, lastRecvMs: 0 };
    this.#traffic.set(socket.timeline, traffic);
    const raw = socket as Countable;
    const { onData, sendData } = raw;
    if (onData === undefined || sendData === undefined) return;
    raw.onData = (data) => {
      traffic.received += data.byteLength;
      traffic.lastRecvMs = this.#nowMs();
      this.totals.bytesReceived += data.byteLength;
      onData.call(raw, data);
    };
    raw.sendData = (data) => {
      const result = sendData.call(raw, data);
      traffic.sent += result.sentBytes;
      traffic.lastSendMs = this.#nowMs();
      this.totals.bytesSent += result.sentBytes;
      return result;
    };
  }

  of(timeline: MultiaddrConnectionTimeline): Traffic | undefined {
    return this.#traffic.get(timeline);
  }
}
