/** Where our Data API refuses what OPA takes, on purpose: a body nested too deeply, and text behind the first value. */

const MAX_DEPTH = 128
const SCALAR = /^(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/s
const OPENING = '[{'
const CLOSING = ']}'

export function isRefusedOnPurpose(body: Uint8Array): boolean {
  const text = Buffer.from(body).toString('utf8').trim()
  const { deepest, firstEnd: compositeEnd } = scan(text)
  const scalar = SCALAR.exec(text)?.[0].length
  const firstEnd = scalar ?? compositeEnd
  return deepest > MAX_DEPTH || (firstEnd < text.length && isJson(text.slice(0, firstEnd)))
}

/** How deep it goes, and where the first array or object ends. */
function scan(text: string): { readonly deepest: number; readonly firstEnd: number } {
  let [depth, deepest, firstEnd, inString] = [0, 0, text.length, false]
  for (let at = 0; at < text.length; at++) {
    const unit = text.charAt(at)
    if (unit === '"') inString = !inString
    else if (unit === '\\') at += 1
    else if (inString) continue
    else if (OPENING.includes(unit)) deepest = Math.max(deepest, ++depth)
    else if (CLOSING.includes(unit) && --depth === 0) firstEnd = Math.min(firstEnd, at + 1)
  }
  return { deepest, firstEnd }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
