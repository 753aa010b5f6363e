import type { MethodSpec, ParamSpec, ResultSpec } from './spec.ts';

const PARAM_TYPES: Record<ParamSpec['shape'], string> = {
  str: 'string',
  hex: 'string',
  num: 'numeric',
  amount: 'numeric or string',
  bool: 'boolean',
  obj: 'json object',
  arr: 'json array',
  any: 'any',
};

const RESULT_TYPES: Record<ResultSpec['shape'], string> = {
  str: 'string',
  hex: 'string',
  num: 'numeric',
  amount: 'numeric',
  time: 'numeric',
  bool: 'boolean',
  none: 'json null',
  any: 'any',
  obj: 'json object',
  dyn: 'json object',
  arr: 'json array',
};

/** How a parameter looks in the first line: strings quoted, arrays and objects opened. */
function oneLine(p: ParamSpec): string {
  const name = p.names[0];
  const inner = p.inner ?? [];
  switch (p.shape) {
    case 'str':
    case 'hex':
      return `"${name}"`;
    case 'arr':
      return `[${inner.map(oneLine).join(',')},...]`;
    case 'obj':
      return `{${inner.map((m) => `"${m.names[0]}":${oneLine(m).replaceAll('"', '')}`).join(',')},...}`;
    default:
      return name;
  }
}

/** `name arg ( optional )`: the method's line in `help`. */
export function usageLine(spec: MethodSpec): string {
  let out = spec.name;
  let open = false;
  for (const p of spec.params) {
    if (p.required !== true && !open) {
      out += ' (';
      open = true;
    } else if (p.required === true && open) {
      out += ' )';
      open = false;
    }
    out += ` ${oneLine(p)}`;
  }
  return open ? `${out} )` : out;
}

function paramNote(p: ParamSpec): string {
  const type = p.typeText ?? PARAM_TYPES[p.shape];
  if (p.required === true) return `(${type}, required)`;
  return p.default === undefined ? `(${type}, optional)` : `(${type}, optional, default=${p.default})`;
}

/** Rows of two columns; continuation lines of the right column are indented to it. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.filter(([, right]) => right !== '').map(([left]) => left.length)) + 4;
  return rows
    .map(([left, right]) =>
      right === '' ? left : left.padEnd(width) + right.replaceAll('\n', `\n${' '.repeat(width)}`),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function memberRows(members: readonly ParamSpec[], indent: string, isArray: boolean): [string, string][] {
  const rows: [string, string][] = [];
  for (const m of members) {
    const text = `${paramNote(m)} ${m.text}`.trimEnd();
    const value =
      m.shape === 'str' || m.shape === 'hex'
        ? isArray
          ? `"${m.names[0]}"`
          : '"str"'
        : m.shape === 'bool'
          ? 'bool'
          : 'n';
    const left = isArray ? value : `"${m.names[0]}": ${value}`;
    if (m.inner !== undefined) {
      const [start, end] = m.shape === 'arr' ? ['[', ']'] : ['{', '}'];
      rows.push([`${indent}${isArray ? '' : `"${m.names[0]}": `}${start}`, text]);
      rows.push(...memberRows(m.inner, `${indent}  `, m.shape === 'arr'));
      rows.push([`${indent}${end},`, '']);
    } else rows.push([`${indent}${left},`, text]);
  }
  if (isArray) rows.push([`${indent}...`, '']);
  return rows;
}

/** The block after "Arguments:": `1. name    (type, required|optional, default=…) text`, ends at the next blank line. */
function argumentsText(spec: MethodSpec): string {
  if (spec.params.length === 0) return '';
  const rows: [string, string][] = [];
  for (const [at, p] of spec.params.entries()) {
    rows.push([`${at + 1}. ${p.names[0]}`, `${paramNote(p)} ${p.text}`.trimEnd()]);
    if (p.inner === undefined) continue;
    const [start, end] = p.shape === 'arr' ? ['[', ']'] : ['{', '}'];
    rows.push([`     ${start}`, '']);
    rows.push(...memberRows(p.inner, '       ', p.shape === 'arr'));
    rows.push([`     ${end}`, '']);
  }
  return `\nArguments:\n${columns(rows)}`;
}

function resultRows(spec: ResultSpec, indent: string, comma: string, keyed: boolean): [string, string][] {
  const note = `(${RESULT_TYPES[spec.shape]}${spec.optional === true ? ', optional' : ''}) ${spec.text}`.trimEnd();
  const key = keyed && spec.name !== '' ? `"${spec.name}" : ` : '';
  const nested = (
    start: string,
    end: string,
    inner: readonly ResultSpec[],
    named: boolean,
    more: boolean,
  ): [string, string][] => [
    [`${indent}${key}${start}`, note],
    ...inner.flatMap((m, at) => resultRows(m, `${indent}  `, more || at < inner.length - 1 ? ',' : '', named)),
    ...(more ? ([[`${indent}  ...`, '']] as [string, string][]) : []),
    [`${indent}${end}${comma}`, ''],
  ];
  switch (spec.shape) {
    case 'obj':
      return nested('{', '}', spec.inner ?? [], true, false);
    case 'dyn':
      return nested('{', '}', spec.inner ?? [], true, true);
    case 'arr':
      return nested('[', ']', spec.inner ?? [], false, true);
    case 'none':
      return [[`${indent}${key}null${comma}`, note]];
    case 'str':
    case 'hex':
      return [[`${indent}${key}"${spec.shape === 'hex' ? 'hex' : 'str'}"${comma}`, note]];
    // As Bitcoin Core shows times.
    case 'time':
      return [[`${indent}${key}xxx${comma}`, note]];
    case 'bool':
      return [[`${indent}${key}true|false${comma}`, note]];
    case 'any':
      return [[`${indent}${key}...${comma}`, note]];
    default:
      return [[`${indent}${key}n${comma}`, note]];
  }
}

function resultText(spec: MethodSpec): string {
  return spec.result
    .map((form) => {
      const when = form.when === undefined ? '' : ` (${form.when})`;
      return `\nResult${when}:\n${columns(resultRows(form, '', '', true))}`;
    })
    .join('');
}

function examplesText(spec: MethodSpec): string {
  const calls = spec.examples ?? [''];
  const lines = calls.flatMap((call) => {
    const params = call === '' ? '' : call.replaceAll("'", '').split(' ').join(', ');
    const body = `{"jsonrpc": "2.0", "id": "curltest", "method": "${spec.name}", "params": [${params}]}`;
    return [
      `> cairn rpc ${spec.name}${call === '' ? '' : ` ${call}`}`,
      `> curl --user myusername --data-binary '${body}' -H 'content-type: application/json' http://127.0.0.1:18443/`,
    ];
  });
  return `\nExamples:\n${lines.join('\n')}\n`;
}

/** Everything `help <method>` prints, in Bitcoin Core's layout (explorers parse it). */
export function helpText(spec: MethodSpec): string {
  return `${usageLine(spec)}\n\n${spec.text}\n${argumentsText(spec)}${resultText(spec)}${examplesText(spec)}`;
}

/** What `help` prints: `== Category ==` and a usage line per method. */
export function helpIndex(specs: readonly MethodSpec[]): string {
  const categories = new Map<string, MethodSpec[]>();
  for (const spec of specs) {
    if (spec.hidden === true) continue;
    const list = categories.get(spec.category) ?? [];
    list.push(spec);
    categories.set(spec.category, list);
  }
  return [...categories.keys()]
    .sort()
    .map((category) => {
      const lines = (categories.get(category) ?? []).map(usageLine).sort();
      return `== ${category} ==\n${lines.join('\n')}`;
    })
    .join('\n\n');
}
