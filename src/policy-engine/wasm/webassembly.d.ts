/** The part of the WebAssembly JavaScript interface that the engine uses; TypeScript has it only in its browser library. */
declare namespace WebAssembly {
  class Module {
    private readonly brand
    static customSections(module: Module, name: string): ArrayBuffer[]
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number })
    readonly buffer: ArrayBuffer
    /** Adds 64 KiB pages and answers the size before. */
    grow(pages: number): number
  }
  function compile(bytes: Uint8Array): Promise<Module>
}
