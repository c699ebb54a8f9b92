/** For tests: a policy repository of a user's own in a temporary folder. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { REPOSITORY } from './compiler.ts'

export interface Overlay {
  readonly folder: string
  write(path: string, text: string): Promise<void>
  /** One of our files, with a piece of it replaced. */
  edit(path: string, from: string, to: string): Promise<void>
  remove(): Promise<void>
}

export async function openOverlay(): Promise<Overlay> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-overlay-'))
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return {
    folder,
    write,
    edit: async (path, from, to) => {
      const text = await readFile(join(REPOSITORY, path), 'utf8')
      if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`)
      await write(path, text.replace(from, to))
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
