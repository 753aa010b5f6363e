import os from 'node:os';
import { secp } from '../../../src/crypto/secp.ts';
import { usePlatformCrypto } from '../../../src/platform/nodejs.node.ts';
import { type Bench, busy, median, type Span, type Suite, timed } from '../harness.ts';
import { Crew } from '../verify/crew.ts';
import { SIGHASHES, type Wide, wide } from '../verify/sighash.ts';
import { WORK, warmed } from '../verify/work.ts';

/** The message of each legacy input holds all of them: 3 ms for each of 10,000. */
const MAX_LEGACY_INPUTS = 1000;

/** One thread: per second of CPU time, which is what one core needs, also on a machine that is busy with other things. */
async function onOneCore(bench: Bench, name: string, ms: number): Promise<{ values: number[]; spans: Span[] }> {
  const round = warmed(name);
  const [values, spans]: [number[], Span[]] = [[], []];
  for (let run = 0; run < bench.runs; run++) {
    let count = 0;
    const span = await timed(() => {
      for (const end = performance.now() + ms; performance.now() < end; ) count += round();
    });
    spans.push(span);
    values.push(count / span.cpuSeconds);
  }
  return { values, spans };
}

/** A thread per core, all at the same time: per second of the clock, as cores share caches, clock rate and memory. */
async function onAllCores(bench: Bench, name: string, ms: number): Promise<{ values: number[]; spans: Span[] }> {
  const crew = await Crew.open(name, os.availableParallelism());
  const [values, spans]: [number[], Span[]] = [[], []];
  for (let run = 0; run < bench.runs; run++) {
    const { rate, span } = await crew.run(ms);
    values.push(rate);
    spans.push(span);
  }
  await crew.close();
  return { values, spans };
}

/** CPU seconds of the signature hashes of all inputs of a new transaction. */
async function sighashSeconds(hash: (made: Wide, index: number) => unknown, inputs: number, rounds: number) {
  const made = Array.from({ length: rounds }, () => wide(inputs));
  const { cpuSeconds } = await timed(() => {
    for (const one of made) for (let i = 0; i < inputs; i++) hash(one, i);
  });
  return cpuSeconds / rounds;
}

/**
 * How the time for a transaction grows with its inputs: the power of their number, a straight line through the logarithms
 * of both at its two ends. 1 is linear, 2 quadratic.
 */
function power([few, fewSeconds]: readonly [number, number], [many, manySeconds]: readonly [number, number]): number {
  return Math.log(manySeconds / fewSeconds) / Math.log(many / few);
}

async function sighash(bench: Bench, name: string, hash: (made: Wide, index: number) => unknown): Promise<void> {
  const legacy = name === 'legacy';
  const sizes = [10, 100, 1000, 10_000].filter((inputs) => !legacy || inputs <= MAX_LEGACY_INPUTS);
  await sighashSeconds(hash, 100, 100);
  const measured = new Map<number, number[]>();
  for (const inputs of sizes) {
    const [work, least] = legacy ? [2e6 / inputs, 2] : [50_000, 2];
    const rounds = Math.max(least, Math.ceil(work / inputs));
    const seconds: number[] = [];
    for (let run = 0; run < bench.runs; run++) seconds.push(await sighashSeconds(hash, inputs, rounds));
    measured.set(inputs, seconds);
    bench.report(
      `sighash-${name}`,
      'µs/input',
      seconds.map((s) => (s * 1e6) / inputs),
      { inputs },
    );
  }
  // From 100 inputs: below, the cost of starting a transaction is what shows.
  const [from, to] = [100, sizes.at(-1) as number];
  const base = median(measured.get(from) as number[]);
  const powers = (measured.get(to) as number[]).map((seconds) => power([from, base], [to, seconds]));
  bench.report(`sighash-${name}.growth`, 'power of inputs', powers, { from, to, linear: 1, quadratic: 2 });
}

export const suite: Suite = {
  name: 'scripts',
  about: 'inputs by kind of output and bare signatures, verified on one core and on all; what signature hashes cost',
  async run(bench) {
    usePlatformCrypto();
    const ms = bench.quick ? 300 : 2000;
    const cores = os.availableParallelism();
    for (const [name, { unit, signatureChecks }] of WORK) {
      const facts = { signatureChecks, secp: secp().name };
      const one = await onOneCore(bench, name, ms);
      bench.report(name, unit, one.values, { ...facts, threads: 1, ...busy(one.spans) });
      const all = await onAllCores(bench, name, ms);
      bench.report(`${name}.all-cores`, unit, all.values, { ...facts, threads: cores, ...busy(all.spans) });
    }
    for (const [name, hash] of SIGHASHES) await sighash(bench, name, hash);
  },
};
