import { readFileSync, writeFileSync } from 'node:fs'
import { withTables } from './configuration-page.ts'

const page = new URL('../../docs/configuration.md', import.meta.url)
writeFileSync(page, withTables(readFileSync(page, 'utf8')))
