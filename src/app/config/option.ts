import * as z from 'zod/mini';

/** Where an option's text is a path: always, or only when it looks like one. Relative paths start at the config file. */
export type PathRule = 'always' | 'if-path';

interface Common {
  readonly help: string;
  /** Flag name without dashes, when it is not the key. */
  readonly flag?: string;
  /** What stands for the value in --help. */
  readonly argumentName?: string;
  /** Shown by the short --help. */
  readonly common?: boolean;
  readonly file?: PathRule;
}

/** One row of the option table. */
export interface Option extends Common {
  readonly kind: 'text' | 'integer' | 'decimal' | 'boolean' | 'list';
  /** Judges a value of the right kind. */
  readonly schema: z.ZodMiniType;
  /** What the schema takes, in words. */
  readonly expects: string;
  readonly default: unknown;
  /** Between the items of a list in an environment variable. */
  readonly separator?: string;
}

/** A text option; `schema` may be an enum or optional. */
export function text<S extends z.ZodMiniType>(
  row: Common & { schema: S; expects: string; default: z.output<S> },
): Option & { schema: S } {
  return { kind: 'text', ...row };
}

interface Bounds<D> extends Common {
  readonly min: number;
  readonly max: number;
  readonly default: D;
}

/** A whole number within bounds; with `default: undefined` it may be left out. */
export function integer(row: Bounds<number>): Option & { schema: z.ZodMiniType<number> };
export function integer(row: Bounds<undefined>): Option & { schema: z.ZodMiniType<number | undefined> };
export function integer(row: Bounds<number | undefined>): Option & { schema: z.ZodMiniType<number | undefined> } {
  const schema = z.int().check(z.gte(row.min), z.lte(row.max));
  return {
    kind: 'integer',
    schema: row.default === undefined ? z.optional(schema) : schema,
    expects: `a whole number from ${row.min} to ${row.max}`,
    ...row,
  };
}

/** A number within bounds. */
export function decimal(row: Bounds<number>): Option & { schema: z.ZodMiniType<number> } {
  const schema = z.number().check(z.gte(row.min), z.lte(row.max));
  return { kind: 'decimal', schema, expects: `a number from ${row.min} to ${row.max}`, ...row };
}

export function toggle(row: Common & { default: boolean }): Option & { schema: z.ZodMiniType<boolean> } {
  return { kind: 'boolean', schema: z.boolean(), expects: 'true or false', ...row };
}

/** A list of texts, at most 256. */
export function list(
  row: Common & { item: z.ZodMiniType<string>; expects: string; default: readonly string[]; separator?: string },
): Option & { schema: z.ZodMiniType<readonly string[]> } {
  const { item, separator = ',', ...rest } = row;
  return { kind: 'list', schema: z.array(item).check(z.maxLength(256)), separator, ...rest };
}
