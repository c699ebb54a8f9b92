/** What stops a build: lines that say what is wrong, each with file and line where there is one. */
export class BuildError extends Error {
  override readonly name = 'BuildError'
  readonly lines: readonly string[]
  constructor(...lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}
