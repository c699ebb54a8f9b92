/** `sallyport version`: ours, and that of the Node that runs it. */
import packageFile from '../../package.json' with { type: 'json' }

export const VERSION: string = packageFile.version

export async function printVersion(): Promise<number> {
  console.log(`sallyport ${VERSION} (node ${process.versions.node})`)
  return 0
}
