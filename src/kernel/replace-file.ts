/** A file in the place of another, whole or not at all: whoever reads the path sees the old content or the new, also after a crash. */
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Its folder is made where it is missing; both are for the service alone. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${process.pid}.new`
  const file = await open(beside, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
}
