import type { Args } from './args.ts';
import type { Backend } from './backend.ts';
import type { Json } from './json.ts';
import type { Registry } from './registry.ts';

/** Shape of a value in help and OpenRPC; the names follow Bitcoin Core's RPCResult and RPCArg types. */
export type Shape =
  | 'str'
  | 'hex'
  | 'num'
  | 'amount'
  | 'time'
  | 'bool'
  | 'none'
  | 'any'
  | 'obj' // fixed members
  | 'dyn' // object with arbitrary keys, one member shape
  | 'arr'; // one member shape

/** One value or member of a result. */
export interface ResultSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly text: string;
  readonly optional?: true;
  /** When this form is returned ("for verbosity = 0"); for methods with several. */
  readonly when?: string;
  readonly inner?: readonly ResultSpec[];
}

/** One parameter. */
export interface ParamSpec {
  /** First name is the one shown; others are accepted as named arguments. */
  readonly names: readonly [string, ...string[]];
  readonly shape: Exclude<Shape, 'none' | 'time' | 'dyn'>;
  readonly text: string;
  readonly required?: true;
  /** Shown as default; strings as they are. */
  readonly default?: string | number | boolean;
  /** The method checks the type itself (Bitcoin Core skip_type_check); shown in place of the type. */
  readonly typeText?: string;
  readonly inner?: readonly ParamSpec[];
  /** Members may also be given as named arguments of the call (Bitcoin Core OBJ_NAMED_PARAMS). */
  readonly namedMembers?: true;
}

export type Category = 'Blockchain' | 'Cairn' | 'Control' | 'Mining' | 'Network' | 'Rawtransactions' | 'Util';

/** What a method is given besides its arguments. */
export interface CallContext<B = Backend> {
  readonly backend: B;
  readonly registry: Registry;
  /** Calls `listener` when the server stops or the caller has gone away: nobody waits for the answer. Returns its end. */
  onEnd(listener: () => void): () => void;
  /** Methods running now, oldest first. */
  active(): readonly { readonly method: string; readonly sinceMs: number }[];
}

/** Groups of the backend that a node may lack. */
export type Group = {
  [K in keyof Backend]-?: undefined extends Backend[K] ? K : never;
}[keyof Backend];

/** The backend with these groups present. */
export type With<G extends Group> = Backend & { readonly [K in G]-?: NonNullable<Backend[K]> };

interface MethodFacts {
  readonly name: string;
  readonly category: Category;
  readonly text: string;
  readonly params: readonly ParamSpec[];
  /** Several when the form depends on the arguments. */
  readonly result: readonly ResultSpec[];
  /** Arguments of the example calls, as a shell would get them. */
  readonly examples?: readonly string[];
  /** Not listed by `help` without arguments. */
  readonly hidden?: true;
  /** Waits for something to happen: does not take one of the places for running calls. */
  readonly waits?: true;
}

type Answer = Json | undefined | Promise<Json | undefined>;

/** One method: everything that help, OpenRPC, argument checks and dispatch need. */
export interface MethodSpec extends MethodFacts {
  /** Groups without which the node does not offer the method. */
  readonly needs: readonly Group[];
  run(args: Args, context: CallContext): Answer;
}

/** Makes a table entry; `needs` gives `run` a backend in which those groups exist: the registry offers it only then. */
export function method<const G extends Group = never>(
  spec: MethodFacts & { readonly needs: readonly G[]; run(args: Args, context: CallContext<With<G>>): Answer },
): MethodSpec {
  return { ...spec, run: (args, context) => spec.run(args, context as CallContext<With<G>>) };
}

type Inner = readonly ResultSpec[];
const leaf =
  (shape: Shape) =>
  (name: string, text: string): ResultSpec => ({ name, shape, text });

/** Builders of result shapes: `r.obj('', 'what', [r.hex('hash', 'the block hash')])`. */
export const r = {
  str: leaf('str'),
  hex: leaf('hex'),
  num: leaf('num'),
  amount: leaf('amount'),
  time: leaf('time'),
  bool: leaf('bool'),
  any: leaf('any'),
  none: (text = ''): ResultSpec => ({ name: '', shape: 'none', text }),
  obj: (name: string, text: string, inner: Inner): ResultSpec => ({ name, shape: 'obj', text, inner }),
  dyn: (name: string, text: string, inner: ResultSpec): ResultSpec => ({ name, shape: 'dyn', text, inner: [inner] }),
  arr: (name: string, text: string, inner: ResultSpec): ResultSpec => ({ name, shape: 'arr', text, inner: [inner] }),
  opt: (spec: ResultSpec): ResultSpec => ({ ...spec, optional: true }),
  when: (when: string, spec: ResultSpec): ResultSpec => ({ ...spec, when }),
};

type ParamShape = ParamSpec['shape'];
type ParamMore = Omit<ParamSpec, 'names' | 'shape' | 'text' | 'required'>;

/** A required parameter. `names` may hold aliases: "verbosity|verbose". */
export function required(names: string, shape: ParamShape, text: string, more: ParamMore = {}): ParamSpec {
  return { names: names.split('|') as [string], shape, text, required: true, ...more };
}

/** An optional parameter. */
export function optional(names: string, shape: ParamShape, text: string, more: ParamMore = {}): ParamSpec {
  return { names: names.split('|') as [string], shape, text, ...more };
}
