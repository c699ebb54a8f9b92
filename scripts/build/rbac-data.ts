/** Holds policies/rbac/data.yaml to its contract, and to itself: what it names must be there. Problems carry file and line. */
import { readFile } from 'node:fs/promises'
import { BlockList } from 'node:net'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { RbacData } from '../../src/policy-engine/contract/rbac.ts'
import type { Static } from '../../src/schema/type.ts'
import { compile } from '../../src/schema/validator.ts'
import { BuildError } from './build-error.ts'
import { RBAC_DATA, type SourceFiles, shownPath } from './source-files.ts'

type Rbac = Static<typeof RbacData>
type Path = readonly (string | number)[]
interface Problem {
  readonly path: Path
  readonly message: string
}

const shape = compile(RbacData)

export async function checkRbacData(files: SourceFiles): Promise<void> {
  const origin = files.get(RBAC_DATA)
  if (origin === undefined) return
  const lines = new LineCounter()
  const document = parseDocument(await readFile(origin, 'utf8'), { lineCounter: lines, prettyErrors: false })
  const shown = shownPath(origin)
  const syntax = document.errors.map((error) => `${shown}:${lines.linePos(error.pos[0]).line}: ${error.message}`)
  if (syntax.length > 0) throw new BuildError(...syntax)
  const data: unknown = document.toJS()
  const problems = shape.check(data) ? contradictions(data) : shapeProblems(data)
  if (problems.length > 0) {
    throw new BuildError(
      ...problems.map(({ path, message }) => `${shown}:${lineOf(document, lines, path)}: ${message}`),
    )
  }
}

const shapeProblems = (data: unknown): Problem[] =>
  [...shape.faults(data)].map(({ instancePath, message }) => {
    const path = instancePath.split('/').slice(1).map(pathPart)
    return { path, message: `${path.join('.') || 'the file'} ${message}` }
  })

const pathPart = (part: string): string | number => {
  const plain = part.replaceAll('~1', '/').replaceAll('~0', '~')
  return /^\d+$/.test(plain) ? Number(plain) : plain
}

function contradictions(data: Rbac): Problem[] {
  const roles = Object.entries(data.roles).flatMap(([name, role]) => [
    ...role.grants.flatMap((granted, at) =>
      granted in data.roles ? [] : [{ path: ['roles', name, 'grants', at], message: `no role is called ${granted}` }],
    ),
    ...(role.acr === undefined || data.acr.includes(role.acr)
      ? []
      : [{ path: ['roles', name, 'acr'], message: `no acr is called ${role.acr}` }]),
    ...(role.hours === undefined || role.hours.from_minute < role.hours.to_minute
      ? []
      : [{ path: ['roles', name, 'hours'], message: 'from_minute must be before to_minute' }]),
  ])
  const twice = data.acr.flatMap((acr, at) =>
    data.acr.indexOf(acr) === at ? [] : [{ path: ['acr', at], message: `${acr} stands twice` }],
  )
  return [...roles, ...twice, ...networkProblems(data)]
}

function networkProblems(data: Rbac): Problem[] {
  const lists = [
    ...Object.entries(data.scopes).map(([name, { networks }]) => ({ path: ['scopes', name, 'networks'], networks })),
    ...Object.entries(data.tenants).map(([name, { denied_networks }]) => ({
      path: ['tenants', name, 'denied_networks'],
      networks: denied_networks,
    })),
  ]
  return lists.flatMap(({ path, networks }) =>
    networks.flatMap((network, at) =>
      isNetwork(network) ? [] : [{ path: [...path, at], message: `${network} is no network in CIDR form` }],
    ),
  )
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/')
  if (rest.length > 0 || !/^\d{1,3}$/.test(prefix)) return false
  try {
    new BlockList().addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4')
    return true
  } catch {
    return false
  }
}

/** Of the node at `path`, else of the nearest one above it. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true)
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
      return lines.linePos(Number(node.range[0])).line
    }
  }
  return 1
}
