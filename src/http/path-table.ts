/** Tells an address that does not exist from one that takes other methods. RFC 9110 15.5.5 and 15.5.6. */
import type { ErrorStyle } from './error-answer.ts'

export interface Addressed {
  readonly method: string
  readonly path: string
  readonly errors: ErrorStyle
  readonly anyOrigin?: boolean
  /** GET does something there, so that HEAD is not taken. */
  readonly actsOnGet?: boolean
}

export interface PathMatch {
  readonly style: ErrorStyle
  /** Methods that this address takes; empty where there is no such address. */
  readonly allow: readonly string[]
  readonly anyOrigin: boolean
}

/** An unknown address answers in the words of its nearest neighbours: one under /scim as SCIM, else as OAuth. */
function styleByPrefix(endpoints: readonly Addressed[], path: string): ErrorStyle {
  const root = path.split('/')[1]
  return endpoints.find((endpoint) => endpoint.path.split('/')[1] === root)?.errors ?? 'problem'
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return (
    pattern.length === path.length &&
    pattern.every((part, index) => (part.startsWith(':') ? path[index] !== '' : part === path[index]))
  )
}

export function pathTable(endpoints: readonly Addressed[]): (path: string) => PathMatch {
  const table = endpoints.map((endpoint) => ({ endpoint, parts: endpoint.path.split('/') }))
  return (path) => {
    const parts = path.split('/')
    const here = table.filter((row) => matches(row.parts, parts)).map((row) => row.endpoint)
    const [first] = here
    if (first === undefined) return { style: styleByPrefix(endpoints, path), allow: [], anyOrigin: false }
    const methods = here.flatMap(({ method, actsOnGet }) =>
      method === 'GET' && actsOnGet !== true ? ['GET', 'HEAD'] : [method],
    )
    return { style: first.errors, allow: methods, anyOrigin: first.anyOrigin === true }
  }
}
