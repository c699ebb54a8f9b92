/** What the rewriter must know of a module: its sections and what is counted in them. Core specification, section 5.5. */
import { ByteReader, ModuleError } from './binary.ts'

export const SECTION = { custom: 0, type: 1, import: 2, function: 3, global: 6, export: 7, code: 10, data: 11 } as const

export interface Section {
  readonly id: number
  readonly start: number
  readonly end: number
}

export interface ImportedFunction {
  readonly index: number
  readonly type: number
}

export interface ModuleShape {
  readonly bytes: Uint8Array
  readonly sections: readonly Section[]
  readonly importedFunctions: number
  /** Indices of what is imported by name. */
  readonly imports: ReadonlyMap<string, ImportedFunction>
  readonly importedGlobals: number
  readonly globals: number
  /** Types of its own functions. */
  readonly types: readonly number[]
  /** Names of functions by index, from the name section, which OPA's compiler keeps. */
  readonly names: ReadonlyMap<number, string>
}

export function readShape(bytes: Uint8Array): ModuleShape {
  const sections = readSections(bytes)
  const imports = readImports(bytes, sections)
  const global = sections.find(({ id }) => id === SECTION.global)
  return {
    bytes,
    sections,
    importedFunctions: imports.functions.size,
    imports: imports.functions,
    importedGlobals: imports.globals,
    globals: global === undefined ? 0 : new ByteReader(bytes, global.start).u32(),
    types: readTypes(bytes, sections),
    names: readNames(bytes, sections),
  }
}

export function findSection({ sections }: Pick<ModuleShape, 'sections'>, id: number): Section {
  const found = sections.find((section) => section.id === id)
  if (found === undefined) throw new ModuleError(`the module has no section ${id}`)
  return found
}

function readSections(bytes: Uint8Array): Section[] {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  if (header.some((byte, at) => bytes[at] !== byte)) throw new ModuleError('not a WebAssembly module')
  const sections: Section[] = []
  const reader = new ByteReader(bytes, header.length)
  while (reader.at < bytes.length) {
    const id = reader.byte()
    const length = reader.u32()
    sections.push({ id, start: reader.at, end: reader.at + length })
    reader.skip(length)
  }
  if (reader.at !== bytes.length) throw new ModuleError('the last section is cut')
  return sections
}

interface Imports {
  readonly functions: Map<string, ImportedFunction>
  globals: number
}

/** All of the module `env`, each once: what OPA's compiler writes. */
function readImports(bytes: Uint8Array, sections: readonly Section[]): Imports {
  const found: Imports = { functions: new Map(), globals: 0 }
  const section = sections.find(({ id }) => id === SECTION.import)
  if (section === undefined) return found
  const reader = new ByteReader(bytes, section.start)
  for (let left = reader.u32(); left > 0; left--) {
    reader.name()
    const name = reader.name()
    const kind = reader.byte()
    if (kind === 0) {
      if (found.functions.has(name)) throw new ModuleError(`${name} is imported twice`)
      found.functions.set(name, { index: found.functions.size, type: reader.u32() })
    } else if (kind === 3) {
      found.globals++
      reader.skip(2)
    } else {
      if (kind === 1) reader.skip(1)
      skipLimits(reader)
    }
  }
  return found
}

function readTypes(bytes: Uint8Array, sections: readonly Section[]): number[] {
  const reader = new ByteReader(bytes, findSection({ sections }, SECTION.function).start)
  return Array.from({ length: reader.u32() }, () => reader.u32())
}

function skipLimits(reader: ByteReader): void {
  const hasMaximum = reader.byte() & 1
  reader.u32()
  if (hasMaximum) reader.u32()
}

function readNames(bytes: Uint8Array, sections: readonly Section[]): Map<number, string> {
  const names = new Map<number, string>()
  for (const { id, start, end } of sections) {
    const reader = new ByteReader(bytes, start)
    if (id !== SECTION.custom || reader.name() !== 'name') continue
    while (reader.at < end) {
      const kind = reader.byte()
      const length = reader.u32()
      const after = reader.at + length
      if (kind === 1) for (let left = reader.u32(); left > 0; left--) names.set(reader.u32(), reader.name())
      reader.at = after
    }
  }
  return names
}
