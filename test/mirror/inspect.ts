/** What the compiler itself sees in the policies and in the built bundle: `opa inspect -a`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Compiler, findCompiler } from '../../scripts/build/compiler.ts'

export interface Annotations {
  readonly file: string
  readonly scope: string
  readonly title: string
  readonly description: string
  readonly askedBy: string
  /** `input: schema.authz.token.input`, as they are written. */
  readonly schemas: readonly string[]
}

export interface Inspected {
  /** Package → its files. */
  readonly packages: ReadonlyMap<string, readonly string[]>
  /** Package or rule → what is said of it. */
  readonly annotations: ReadonlyMap<string, Annotations>
  /** Of the built bundle. */
  readonly entrypoints: readonly string[]
}

interface Term {
  readonly value: string
}

interface Report {
  readonly manifest?: { readonly wasm?: readonly { readonly entrypoint: string }[] }
  readonly namespaces: Readonly<Record<string, readonly string[]>>
  readonly annotations?: readonly {
    readonly location: { readonly file: string }
    readonly path: readonly Term[]
    readonly annotations: {
      readonly scope: string
      readonly title?: string
      readonly description?: string
      readonly custom?: { readonly asked_by?: string }
      readonly schemas?: readonly { readonly path: readonly Term[]; readonly schema?: readonly Term[] }[]
    }
  }[]
}

export async function inspect(root: string): Promise<Inspected> {
  const compiler = await findCompiler()
  const policies = await report(compiler, root, 'policies')
  const bundle = 'bundles/sallyport.tar.gz'
  const built = existsSync(join(root, bundle)) ? await report(compiler, root, bundle) : undefined
  return {
    packages: new Map(Object.entries(policies.namespaces).map(([name, files]) => [name.replace(/^data\./, ''), files])),
    annotations: new Map((policies.annotations ?? []).map((entry) => [dotted(entry.path.slice(1)), annotation(entry)])),
    entrypoints: (built?.manifest?.wasm ?? []).map(({ entrypoint }) => entrypoint),
  }
}

async function report(compiler: Compiler, root: string, target: string): Promise<Report> {
  const { code, stdout, stderr } = await compiler.run(['inspect', '-a', '--format', 'json', target], root)
  if (code !== 0) throw new Error(stderr || stdout)
  return JSON.parse(stdout)
}

const dotted = (terms: readonly Term[]): string => terms.map(({ value }) => value).join('.')

function annotation({ location, annotations }: NonNullable<Report['annotations']>[number]): Annotations {
  const { scope, title = '', description = '', custom, schemas = [] } = annotations
  const written = schemas.map(({ path, schema = [] }) => `${dotted(path)}: ${dotted(schema)}`)
  return { file: location.file, scope, title, description, askedBy: custom?.asked_by ?? '', schemas: written }
}
