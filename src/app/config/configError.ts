import { EXIT, ExitError } from '../exit.ts';
import type { Origin } from './origin.ts';

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  readonly origin: Origin;
  /** Key as the user wrote it; undefined for a file that does not parse. */
  readonly key: string | undefined;
  readonly reason: string;
  readonly nearest?: string | undefined;
}

function line(problem: ConfigProblem): string {
  const named = problem.key !== undefined && problem.key !== problem.origin.where;
  const hint = problem.nearest === undefined ? '' : `; did you mean ${problem.nearest}?`;
  return `${problem.origin.where}: ${named ? `${problem.key}: ` : ''}${problem.reason}${hint}`;
}

/** Everything wrong with the configuration at once. Exit 78, or 64 when only flags are wrong. */
export class ConfigError extends ExitError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const usage = problems.every((problem) => problem.origin.source === 'flag');
    super(usage ? EXIT.usage : EXIT.config, problems.map(line).join('\n'), {
      next: usage ? 'cairn start --help-all' : 'cairn config show --origin',
    });
    this.problems = problems;
  }
}
