/** What is written from left to right in a line from right to left, whatever signs it ends with: Unicode UAX #9, FSI and PDI. */
export const isolated = (text: string): string => `\u2068${text}\u2069`
