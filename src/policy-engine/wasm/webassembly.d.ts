/** The part of the WebAssembly JavaScript interface that the engine uses; TypeScript has it only in its browser library. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
    private readonly brand
    static customSections(module: Module, name: string): ArrayBuffer[]
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number })
    readonly buffer: ArrayBuffer
    /** Adds 64 KiB pages and answers the size before. */
    grow(pages: number): number
  }
  class Global<T = number> {
    private readonly brand
    value: T
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
    readonly exports: Readonly<Record<string, unknown>>
  }
  /** A trap: unreachable code, memory out of bounds. */
  class RuntimeError extends Error {}
  function compile(bytes: Uint8Array): Promise<Module>
}
