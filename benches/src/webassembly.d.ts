// The part of WebAssembly that a bare engine needs. Node has it; TypeScript declares it only together with a browser.
declare namespace WebAssembly {
  class Module {
    private readonly brand: undefined;
  }
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum: number });
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
