/** As much of WebAssembly as is used; the pure rooms are checked without DOM and Node types. */
interface WasmEngine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}
declare const WebAssembly: WasmEngine | undefined;

/** The host's WebAssembly; undefined where there is none. */
export function wasmEngine(): WasmEngine | undefined {
  return typeof WebAssembly === 'undefined' ? undefined : WebAssembly;
}
