import type { Option } from './option.ts';

const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);

/**
 * The value that the text of a flag or environment variable stands for. A text that does not fit the option's kind comes
 * back unchanged, for the schema to refuse.
 */
export function parseText(row: Option, given: string): unknown {
  switch (row.kind) {
    case 'text':
      return given;
    case 'list':
      return given === '' ? [] : given.split(row.separator ?? ',').map((item) => item.trim());
    case 'boolean': {
      const word = given.toLowerCase();
      return TRUE.has(word) ? true : FALSE.has(word) ? false : given;
    }
    case 'integer':
      return /^-?\d{1,15}$/.test(given) ? Number(given) : given;
    case 'decimal':
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(given) ? Number(given) : given;
  }
}
