/** Places from a MaxMind DB file (the MaxMind DB format 2.0), of countries or of cities. */
import { type CityResponse, type CountryResponse, Reader } from 'mmdb-lib'
import { COUNTRY, type PlaceSource, placeAt } from './places.ts'

/** Throws where it is no such file. */
export function mmdbPlaces(file: Buffer): PlaceSource {
  const reader = new Reader<CityResponse & CountryResponse>(file)
  return {
    find: (address) => {
      const found = read(reader, address)
      if (found === null) return undefined
      const country = found.country?.iso_code
      const { latitude, longitude } = found.location ?? {}
      const place = latitude === undefined || longitude === undefined ? undefined : placeAt(latitude, longitude)
      return { ...(country !== undefined && COUNTRY.test(country) && { country }), ...(place && { place }) }
    },
  }
}

function read(
  reader: Reader<CityResponse & CountryResponse>,
  address: string,
): (CityResponse & CountryResponse) | null {
  try {
    return reader.get(address)
  } catch {
    // An address that is none, or of a version that the file has not.
    return null
  }
}
