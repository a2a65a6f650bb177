// The part of WebAssembly that the sandbox uses. Node has it; TypeScript declares it only together with a browser.
declare namespace WebAssembly {
  class Module {
    private readonly brand: undefined;
  }
  interface Imports {
    readonly [module: string]: Readonly<Record<string, unknown>>;
  }
  interface Exports {
    readonly [name: string]: unknown;
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class RuntimeError extends Error {}
  function compile(bytes: Uint8Array): Promise<Module>;
}
