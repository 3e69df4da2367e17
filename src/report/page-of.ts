import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageDirectory } from '../package-files.ts'

// The build puts the page's style and script into it: tsdown.config.ts.
const template = join(packageDirectory, 'dist/report/page.html')

/** The page of a report, from its data as JSON. */
export function pageOf(json: string): string {
  // No text of the data can end the element that contains it.
  const data = json.replaceAll('<', '\\u003c')
  return readFileSync(template, 'utf8').replace('{{data}}', () => data)
}
