import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { AssertionFailure, assert as check, unreachable } from '../../src/util/assert.ts';
import { asciiBytes, compareBytes, concatBytes, equalBytes, reverseBytes } from '../../src/util/bytes.ts';
import { Emitter } from '../../src/util/events.ts';
import { fromHex, fromHexReversed, isHex, toHex, toHexReversed } from '../../src/util/hex.ts';
import { Lifetime } from '../../src/util/lifetime.ts';
import { Lru } from '../../src/util/lru.ts';
import { SerialQueue } from '../../src/util/queue.ts';

describe('Hex', () => {
  it('survives a round trip in both orders', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
        assert.deepEqual(fromHex(toHex(bytes)), bytes);
        assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
        assert.deepEqual(fromHexReversed(toHexReversed(bytes)), bytes);
      }),
    );
  });
  it('refuses odd lengths and other characters', () => {
    for (const text of ['0', 'abc', '0g', 'g0', '0x', ' 00', '0\u0660']) {
      assert.throws(() => fromHex(text), RangeError, text);
      assert.equal(isHex(text), false, text);
    }
    assert.equal(isHex(''), true);
    assert.equal(isHex('00\n'), false);
  });
});

describe('Bytes', () => {
  it('compare as unsigned, shorter first', () => {
    const sorted = ['', '00', '0000', '01', '7f', '80', 'ff', 'ff00'];
    for (let i = 0; i < sorted.length; i++)
      for (let j = 0; j < sorted.length; j++) {
        const [a, b] = [fromHex(sorted[i] as string), fromHex(sorted[j] as string)];
        assert.equal(Math.sign(compareBytes(a, b)), Math.sign(i - j));
        assert.equal(equalBytes(a, b), i === j);
      }
  });
  it('are joined and reversed without touching the originals', () => {
    const a = fromHex('0102');
    assert.equal(toHex(concatBytes(a, fromHex(''), fromHex('03'))), '010203');
    assert.equal(toHex(reverseBytes(a)), '0201');
    assert.equal(toHex(a), '0102');
  });
  it('of text are ASCII only', () => {
    assert.equal(toHex(asciiBytes('aZ~')), '615a7e');
    assert.throws(() => asciiBytes('é'), RangeError);
  });
});

describe('Lru', () => {
  it('forgets the least recently used entry beyond its capacity', () => {
    const lru = new Lru<string, number>(2);
    lru.set('a', 1);
    lru.set('b', 2);
    assert.equal(lru.get('a'), 1);
    lru.set('c', 3);
    assert.deepEqual([lru.has('a'), lru.has('b'), lru.has('c'), lru.size], [true, false, true, 2]);
    lru.set('a', 4);
    lru.set('d', 5);
    assert.deepEqual([...lru.values()], [4, 5]);
  });
});

describe('SerialQueue', () => {
  it('runs one job at a time in order, and goes on after a failure', async () => {
    const queue = new SerialQueue();
    const log: string[] = [];
    const job =
      (name: string, fail = false) =>
      async () => {
        log.push(`${name}+`);
        await Promise.resolve();
        log.push(`${name}-`);
        if (fail) throw new Error(name);
        return name;
      };
    const results = [queue.run(job('a')), queue.run(job('b', true)), queue.run(job('c'))];
    assert.equal(queue.size, 3);
    const settled = await Promise.allSettled(results);
    assert.deepEqual(
      settled.map((s) => s.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(log, ['a+', 'a-', 'b+', 'b-', 'c+', 'c-']);
    await queue.idle();
    assert.equal(queue.size, 0);
  });
});

describe('Lifetime', () => {
  it('undoes in reverse order, once, all of it even when a step fails, and throws the first error', async () => {
    const life = new Lifetime();
    const log: number[] = [];
    life.add(() => log.push(1));
    life.add(() => {
      throw new Error('second');
    });
    life.add(async () => {
      await Promise.resolve();
      log.push(3);
      throw new Error('first');
    });
    await assert.rejects(life.close(), /first/);
    await assert.rejects(life.close(), /first/);
    assert.deepEqual(log, [3, 1]);
    life.add(() => log.push(4));
    assert.deepEqual(log, [3, 1, 4], 'a step added after closing runs at once');
  });
});

describe('Emitter', () => {
  it('calls listeners in order, also when one unsubscribes during the emit', () => {
    const emitter = new Emitter<{ tick: number }>();
    const log: string[] = [];
    const off = emitter.on('tick', (n) => {
      log.push(`a${n}`);
      off();
    });
    emitter.on('tick', (n) => log.push(`b${n}`));
    emitter.emit('tick', 1);
    emitter.emit('tick', 2);
    assert.deepEqual(log, ['a1', 'b1', 'b2']);
  });
});

describe('assert', () => {
  it('throws AssertionFailure, which nobody mistakes for bad input', () => {
    assert.throws(() => check(false, 'why'), AssertionFailure);
    check(1, 'never');
    assert.throws(() => unreachable('x' as never, 'kind'), /kind: impossible value "x"/);
  });
});
