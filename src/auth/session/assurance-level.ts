/** Authentication levels, weakest first: `data.rbac.acr` as shipped. One that a policy of the operator's made up stands in no order. */
export const ACR_LEVELS: readonly string[] = [
  'urn:sallyport:acr:none',
  'urn:sallyport:acr:password',
  'urn:sallyport:acr:mfa',
  'urn:sallyport:acr:phishing_resistant',
]

/** Undefined where one of the two stands in no order, or they are the same. */
export function levelChange(before: string, now: string): 'increase' | 'decrease' | undefined {
  const [from, to] = [ACR_LEVELS.indexOf(before), ACR_LEVELS.indexOf(now)]
  if (from === -1 || to === -1 || from === to) return undefined
  return to > from ? 'increase' : 'decrease'
}
