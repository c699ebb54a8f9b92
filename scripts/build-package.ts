/**
 * What `npm pack` ships: JavaScript and types in `dist/`, since Node strips no types under node_modules. `npm pack` runs it
 * (`prepack`); services of a clone and of the image run from source.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const CONFIG = join(ROOT, 'tsconfig.package.json')

rmSync(DIST, { recursive: true, force: true })
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['--project', CONFIG], { cwd: ROOT, stdio: 'inherit' })
for (const file of globSync('{src,web}/**/*', { cwd: ROOT, exclude: ['**/*.ts'], withFileTypes: true })) {
  if (!file.isFile()) continue
  const path = join(file.parentPath, file.name)
  const copy = join(DIST, path.slice(ROOT.length))
  mkdirSync(dirname(copy), { recursive: true })
  cpSync(path, copy)
}
// Its own, so that the version can be read beside the sources as in a clone.
writeFileSync(join(DIST, 'package.json'), `${JSON.stringify(packageOfDist(), null, 2)}\n`)

function packageOfDist(): Readonly<Record<string, unknown>> {
  const { name, version, type, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Package
  return { name, version, type, engines }
}

type Package = Readonly<Record<'name' | 'version' | 'type' | 'engines', unknown>>
