/**
 * Finds circles of imports between files, each as the way round. Types count too: whoever reads a file reads what its types are
 * of, and a type that two files need from each other belongs below both.
 */

/** `imports`: of each file, the files that it imports. */
export function circlesIn(imports: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const found: (readonly string[])[] = []
  const done = new Set<string>()
  const way: string[] = []
  const walk = (file: string): void => {
    if (done.has(file)) return
    const at = way.indexOf(file)
    if (at >= 0) return void found.push([...way.slice(at), file])
    way.push(file)
    for (const imported of imports.get(file) ?? []) walk(imported)
    way.pop()
    done.add(file)
  }
  for (const file of imports.keys()) walk(file)
  return found
}
