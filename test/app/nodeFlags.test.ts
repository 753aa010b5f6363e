import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../src/platform/nodeFlags.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('app: options of Node', () => {
  it('every command that starts a node gives the same', () => {
    const listed = NODE_FLAGS.map((flag) => `'${flag}'`).join(', ');
    assert.ok(text('src/setup.mjs').includes(`const flags = [${listed}];`));
    const image = ['node', ...NODE_FLAGS, '/app/dist/main.js'].map((part) => `"${part}"`).join(', ');
    assert.ok(text('Dockerfile').includes(`ENTRYPOINT [${image}]`));
    assert.ok(text('config/compose.yaml').includes(`exec node ${NODE_FLAGS.join(' ')} /app/dist/main.js`));
    assert.ok(text('README.md').includes(`\`node ${NODE_FLAGS.join(' ')} dist/main.js\``));
  });

  it('Node knows them, and young objects get no more room than they say', () => {
    const size = "v8.getHeapSpaceStatistics().find((s) => s.space_name === 'new_space').space_size";
    const work = `const keep = []; let most = 0;
      for (let i = 0; i < 2e6; i++) {
        keep[i % 5e5] = { i };
        if (i % 1e4 === 0) most = Math.max(most, ${size});
      }
      console.log(most);`;
    const { stdout, stderr } = spawnSync(process.execPath, [...NODE_FLAGS, '-e', work], { encoding: 'utf8' });
    assert.equal(stderr, '');
    // Two halves, and what is being moved over.
    assert.ok(Number(stdout) > 0 && Number(stdout) <= 16 << 20, stdout);
  });
});
