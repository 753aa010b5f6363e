import type { NodeBackend } from './backend.ts';
import type { JsonObject } from './json.ts';
import type { MethodSpec, ParamSpec, ResultSpec } from './spec.ts';

const SIMPLE: Record<string, JsonObject> = {
  str: { type: 'string' },
  hex: { type: 'string', pattern: '^([0-9a-fA-F]{2})*$' },
  num: { type: 'number' },
  amount: { type: 'number' },
  time: { type: 'integer' },
  bool: { type: 'boolean' },
  none: { type: 'null' },
  any: {},
};

const described = (schema: JsonObject, text: string): JsonObject =>
  text === '' ? schema : { ...schema, description: text };

/** JSON Schema of a result. */
export function resultSchema(spec: ResultSpec): JsonObject {
  const inner = spec.inner ?? [];
  const first = inner[0];
  let schema: JsonObject = SIMPLE[spec.shape] ?? {};
  if (spec.shape === 'obj') {
    schema = {
      type: 'object',
      properties: Object.fromEntries(inner.map((member) => [member.name, resultSchema(member)])),
      required: inner.filter((member) => member.optional !== true).map((member) => member.name),
    };
  } else if (spec.shape === 'arr') schema = { type: 'array', items: first === undefined ? {} : resultSchema(first) };
  else if (spec.shape === 'dyn') {
    schema = { type: 'object', additionalProperties: first === undefined ? {} : resultSchema(first) };
  }
  return described(
    schema,
    spec.when === undefined ? spec.text : `${spec.when}${spec.text === '' ? '' : `: ${spec.text}`}`,
  );
}

function paramSchema(p: ParamSpec): JsonObject {
  const inner = p.inner ?? [];
  let schema: JsonObject = SIMPLE[p.shape] ?? {};
  if (p.typeText !== undefined) schema = { type: ['number', 'string', 'boolean'] };
  else if (p.shape === 'amount') schema = { type: ['number', 'string'] };
  else if (p.shape === 'arr') schema = { type: 'array', items: inner[0] === undefined ? {} : paramSchema(inner[0]) };
  else if (p.shape === 'obj') {
    schema = {
      type: 'object',
      properties: Object.fromEntries(inner.map((member) => [member.names[0], paramSchema(member)])),
      required: inner.filter((member) => member.required === true).map((member) => member.names[0]),
    };
  }
  return p.default === undefined ? schema : { ...schema, default: p.default };
}

function methodEntry(spec: MethodSpec): JsonObject {
  const forms = spec.result.map(resultSchema);
  return {
    name: spec.name,
    summary: spec.text.split('\n')[0] as string,
    description: spec.text,
    tags: [{ name: spec.category }],
    paramStructure: 'either',
    params: spec.params.map((p) => {
      return { name: p.names[0], description: p.text, required: p.required === true, schema: paramSchema(p) };
    }),
    result: { name: `${spec.name}Result`, schema: forms.length === 1 ? (forms[0] as JsonObject) : { oneOf: forms } },
  };
}

/** The OpenRPC 1.4.1 document of the methods a node offers. */
export function openRpc(specs: readonly MethodSpec[], node: NodeBackend, showHidden: boolean): JsonObject {
  const version = /:([0-9A-Za-z.+-]+)/.exec(node.userAgent)?.[1] ?? '0';
  return {
    openrpc: '1.4.1',
    info: { title: 'Cairn JSON-RPC', version, description: `JSON-RPC of a Cairn node on ${node.network.name}` },
    methods: specs.filter((spec) => showHidden || spec.hidden !== true).map(methodEntry),
  };
}
