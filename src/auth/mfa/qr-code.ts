/** A QR code as SVG in the page: no picture leaves it, and none is fetched. ISO/IEC 18004. */
import qrcode from 'qrcode'

/** One path on a white ground with the four modules of quiet zone, so that it reads in the dark too; for `Html`. */
export function qrCode(text: string): { readonly size: number; readonly path: string } {
  const { modules } = qrcode.create(text, { errorCorrectionLevel: 'M' })
  const quiet = 4
  const cells: string[] = []
  for (let row = 0; row < modules.size; row++)
    for (let column = 0; column < modules.size; column++)
      if (modules.get(row, column)) cells.push(`M${column + quiet} ${row + quiet}h1v1h-1z`)
  return { size: modules.size + 2 * quiet, path: cells.join('') }
}
