/**
 * Takes out of a free text what names or places a person and can be told by its form: an IP address shrinks to its /24 or /48, as
 * `system.log.mask` does it, an e-mail address to its domain. For texts that are not of our own code, i.e. what policies print.
 */
import { isIPv4, isIPv6 } from 'node:net'

const MAILBOX = /[^\s<>()[\]",:;@]+@(?=[^\s<>()[\]",:;@]+\.)/g
const IPV4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)/g
const IPV6 = /(?<![\w:.])[\da-f]*:[\da-f:]*(?:[\da-f]|::)(?![\w.]|:\w)/gi

const shortIPv4 = (text: string): string =>
  isIPv4(text) && !text.startsWith('127.') ? `${text.slice(0, text.lastIndexOf('.'))}.0/24` : text

const shortIPv6 = (text: string): string => {
  if (!isIPv6(text) || text === '::1') return text
  const groups = text.split('::')[0]?.split(':').slice(0, 3) ?? []
  return `${groups.filter((group) => group !== '').join(':')}::/48`
}

export const maskText = (text: string): string =>
  text.replace(MAILBOX, '[redacted]@').replace(IPV6, shortIPv6).replace(IPV4, shortIPv4)
