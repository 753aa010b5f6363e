import assert from 'node:assert/strict';
import { StoreError, toStoreError } from '../../src/store/errors.ts';

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code });

describe('store: failures', () => {
  it('a full disk is told apart, whoever tells of it', () => {
    const causes = [
      withCode('ENOSPC', 'ENOSPC: no space left on device, write'),
      withCode('EDQUOT', 'EDQUOT: disk quota exceeded'),
      withCode('LEVEL_IO_ERROR', 'IO error: /d/chain/000003.log: No space left on device'),
      new Error('Database failed to open', { cause: withCode('LEVEL_IO_ERROR', 'IO error: No space left on device') }),
    ];
    for (const cause of causes) {
      const error = toStoreError(cause, '/d/chain', 'writing');
      assert.equal(error.kind, 'full', cause.message);
      assert.ok(error.message.includes('/d/chain') && /Free space/.test(error.hint));
      assert.equal(error.exitCode, 74);
      assert.equal(error.cause, cause);
    }
  });

  it('damage and other failures are told apart', () => {
    assert.equal(toStoreError(withCode('LEVEL_CORRUPTION', 'Corruption: bad block'), '/d', 'reading').kind, 'corrupt');
    assert.equal(toStoreError(withCode('EIO', 'i/o error'), '/d', 'reading').kind, 'io');
    assert.equal(toStoreError('just text', '/d', 'reading').kind, 'io');
  });

  it('an error that names its path already keeps it', () => {
    const first = new StoreError('io', '/d/file', 'reading failed', 'Look');
    assert.equal(toStoreError(first, '/d', 'more'), first);
  });
});
