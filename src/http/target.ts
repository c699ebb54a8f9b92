/**
 * Which spellings of an address are taken: the one in the table of routes, so that what counts or compares the path of a
 * request sees what the router saw, and nothing of another host's is ever answered with. RFC 9112 3.2, RFC 3986 6.2.2.2.
 */

/** Whether a request target is `pattern` in origin form, with no letter of it escaped; what fills a parameter is free. */
export function targetOf(pattern: string): (target: string) => boolean {
  if (!pattern.includes(':')) {
    const withQuery = `${pattern}?`
    return (target) => target === pattern || (target.startsWith(withQuery) && !target.includes('#'))
  }
  const literal = (part: string) => part.replace(/[^\w/-]/g, '\\$&')
  const source = pattern.split('/').map((part) => (part.startsWith(':') ? '[^/?#]*' : literal(part)))
  const spelling = new RegExp(`^${source.join('/')}(\\?[^#]*)?$`)
  return (target) => spelling.test(target)
}
