import type { SuiteResult } from './suite.ts';

const indent = (text: string): string => text.replaceAll(/^/gm, '    ');

/** Prints every skip with what was said about it, and every failure with its stack. */
export function printFailures(results: readonly SuiteResult[]): void {
  for (const { suite, skipped, output } of results) {
    if (skipped.length === 0) continue;
    const reasons = [
      ...new Set(
        output
          .split('\n')
          .filter((line) => /skip/i.test(line))
          .map((line) => line.trim()),
      ),
    ];
    console.log(`\nskipped in ${suite.name}: ${reasons.slice(0, 3).join('; ') || 'no reason was printed'}`);
    for (const test of skipped.slice(0, 10)) console.log(`    ${test.title}`);
    if (skipped.length > 10) console.log(`    … and ${skipped.length - 10} more`);
  }
  for (const { suite, failures } of results) {
    for (const [i, failure] of failures.entries()) {
      console.log(`\nFAILED ${suite.name} ${i + 1}) ${failure.title}\n${indent(failure.message)}`);
      console.log(`    again: npm test -- ${suite.files.join(' ')}`);
    }
  }
  if (results.some(({ failures, skipped }) => failures.length + skipped.length > 0)) console.log('');
}

/** The closing line and whether everything is fine. */
export function summary(results: readonly SuiteResult[]): { readonly line: string; readonly ok: boolean } {
  const sum = (count: (result: SuiteResult) => number): number => results.reduce((n, result) => n + count(result), 0);
  const failed = sum(({ failures }) => failures.length);
  const line = `${sum(({ passed }) => passed)} passed, ${failed} failed, ${sum(({ skipped }) => skipped.length)} skipped`;
  return { line, ok: failed === 0 };
}
