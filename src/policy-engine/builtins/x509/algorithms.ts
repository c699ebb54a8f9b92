/** Algorithms of certificates by their identifiers (RFC 3279, 4055, 5758, 8410), as the numbers that Go gives them. */
import { Der, TAG, wrapperTag } from './der.ts'

export interface AlgorithmIdentifier {
  readonly oid: string
  /** Raw; empty where there are none. */
  readonly parameters: Buffer
}

export function readAlgorithm(sequence: Der): AlgorithmIdentifier {
  const oid = sequence.oid().join('.')
  return { oid, parameters: sequence.isEmpty ? Buffer.alloc(0) : sequence.any().raw }
}

const SIGNATURES: Readonly<Record<string, number>> = {
  '1.2.840.113549.1.1.4': 2,
  '1.2.840.113549.1.1.5': 3,
  '1.3.14.3.2.29': 3,
  '1.2.840.113549.1.1.11': 4,
  '1.2.840.113549.1.1.12': 5,
  '1.2.840.113549.1.1.13': 6,
  '1.2.840.10040.4.3': 7,
  '2.16.840.1.101.3.4.3.2': 8,
  '1.2.840.10045.4.1': 9,
  '1.2.840.10045.4.3.2': 10,
  '1.2.840.10045.4.3.3': 11,
  '1.2.840.10045.4.3.4': 12,
  '1.3.101.112': 16,
}

const [RSA_PSS, MGF1, ED25519] = ['1.2.840.113549.1.1.10', '1.2.840.113549.1.1.8', '1.3.101.112']

/** PSS with the hash twice and a salt of its length; anything else is unknown. */
const PSS: Readonly<Record<string, number>> = {
  '2.16.840.1.101.3.4.2.1/32': 13,
  '2.16.840.1.101.3.4.2.2/48': 14,
  '2.16.840.1.101.3.4.2.3/64': 15,
}

export function signatureNumber({ oid, parameters }: AlgorithmIdentifier): number {
  if (oid === ED25519 && parameters.length > 0) return 0
  return oid === RSA_PSS ? pssNumber(parameters) : (SIGNATURES[oid] ?? 0)
}

function pssNumber(parameters: Buffer): number {
  try {
    const fields = new Der(parameters, 'PSS parameters').inner(TAG.sequence)
    const hash = readAlgorithm(fields.inner(wrapperTag(0)).inner(TAG.sequence))
    const mask = readAlgorithm(fields.inner(wrapperTag(1)).inner(TAG.sequence))
    const salt = fields.inner(wrapperTag(2)).integer()
    const trailer = fields.tag === wrapperTag(3) ? fields.inner(wrapperTag(3)).integer() : 1n
    const maskHash = readAlgorithm(new Der(mask.parameters, 'PSS parameters').inner(TAG.sequence))
    const isPlain = [hash, maskHash].every((each) => each.parameters.length === 0 || each.parameters.equals(NULL))
    if (!isPlain || mask.oid !== MGF1 || maskHash.oid !== hash.oid || trailer !== 1n) return 0
    return PSS[`${hash.oid}/${salt}`] ?? 0
  } catch {
    return 0
  }
}

export const NULL = Buffer.from([0x05, 0x00])

/** Key usages of 1.3.6.1.5.5.7.3.x count from 1; a few have identifiers of their own. */
const EXTENDED_USAGES: Readonly<Record<string, number>> = {
  '2.5.29.37.0': 0,
  ...Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`1.3.6.1.5.5.7.3.${at + 1}`, at + 1])),
  '1.3.6.1.4.1.311.10.3.3': 10,
  '2.16.840.1.113730.4.1': 11,
  '1.3.6.1.4.1.311.2.1.22': 12,
  '1.3.6.1.4.1.311.61.1.1': 13,
}

export const extendedUsage = (oid: readonly number[]): number | undefined => EXTENDED_USAGES[oid.join('.')]
