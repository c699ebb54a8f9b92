/** Where an address is, as far as a source that the operator chose tells; and how far it is from one place to another. */
import type { Place } from '../../../storage/threat-port.ts'

export interface Located {
  /** ISO 3166-1 alpha-2. */
  readonly country?: string
  readonly place?: Place
}

export interface PlaceSource {
  /** Undefined for an address that it doesn't know, and for one that is none. */
  find(address: string): Located | undefined
}

export const COUNTRY = /^[A-Z]{2}$/

/** Undefined where the numbers are no place on Earth. */
export const placeAt = (latitude: number, longitude: number): Place | undefined =>
  Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? { latitude, longitude } : undefined

/** A tenth of a degree, some 10 km: enough to tell a journey, too little to tell a home. */
export const coarse = ({ latitude, longitude }: Place): Place => ({
  latitude: Math.round(latitude * 10) / 10,
  longitude: Math.round(longitude * 10) / 10,
})

const EARTH_RADIUS_KM = 6371

/** Along the great circle, by the haversine formula. */
export function kilometresBetween(a: Place, b: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2
  const across = Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(a.longitude, b.longitude)
  const chord = Math.min(1, half(a.latitude, b.latitude) + across)
  return Math.round(2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(chord)))
}
