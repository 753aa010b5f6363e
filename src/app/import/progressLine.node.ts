/** How often a terminal is redrawn, and how often a line is written to anything else. */
const TERMINAL_MS = 250;
const LOG_MS = 10_000;

/** One line on standard error that says how far something has come. */
export class ProgressLine {
  readonly #text: () => string;
  readonly #terminal = process.stderr.isTTY === true;
  #drawnMs = performance.now();
  #shown = false;

  constructor(text: () => string) {
    this.#text = text;
  }

  /** To be called often: writes when it is time. */
  tick(): void {
    const now = performance.now();
    if (now - this.#drawnMs < (this.#terminal ? TERMINAL_MS : LOG_MS)) return;
    this.#drawnMs = now;
    process.stderr.write(this.#terminal ? `\r\u001b[2K${this.#text()}` : `${this.#text()}\n`);
    this.#shown = true;
  }

  /** Writes a message of its own above the line. */
  say(message: string): void {
    this.clear();
    process.stderr.write(`${message}\n`);
  }

  /** Takes the line off the terminal. */
  clear(): void {
    if (this.#terminal && this.#shown) process.stderr.write('\r\u001b[2K');
    this.#shown = false;
  }
}
