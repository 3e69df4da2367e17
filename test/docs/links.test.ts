import { existsSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { repository } from '../support/npm.ts'
import { pages, proseOf, textOf } from './pages.ts'

const withoutMarkup = (heading: string): string =>
  heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '')

const known = new Map<string, ReadonlySet<string>>()

/** The anchors of a page, as GitHub and npm make them of headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = known.get(page) ?? readAnchors(page)
  known.set(page, anchors)
  return anchors
}

function readAnchors(page: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of proseOf(page).matchAll(/^#+ (.*)$/gm)) {
    const slug = withoutMarkup(heading)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}

interface Link {
  readonly page: string
  readonly target: string
}

const linksOf = (page: string): Link[] =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target }))

function isBroken({ page, target }: Link): boolean {
  if (/^[a-z]+:/.test(target)) return false
  const [path = '', anchor] = target.split('#')
  const place = path === '' ? page : normalize(join(page, '..', path))
  if (!existsSync(join(repository, place))) return true
  if (anchor === undefined) return false
  return statSync(join(repository, place)).isDirectory() || !anchorsOf(place).has(anchor)
}

test('every link of every page leads to a file, and to a heading in it', () => {
  const links = pages.flatMap(linksOf)
  expect(links.length).toBeGreaterThan(200)
  expect(links.filter(isBroken)).toEqual([])
})

test('broken links are found', () => {
  const page = 'docs/index.md'
  expect(isBroken({ page, target: 'nowhere.md' })).toBe(true)
  expect(isBroken({ page, target: 'errors.md#nothing' })).toBe(true)
  expect(isBroken({ page, target: '#start' })).toBe(false)
  expect(isBroken({ page, target: 'errors.md#err_tarantool_seed' })).toBe(false)
  expect(isBroken({ page, target: 'isolation.md#process-and-its-spares' })).toBe(false)
})

test('docs/index.md has all pages in reading order, and each ends with the next one', () => {
  const order = [...textOf('docs/index.md').matchAll(/^\d+\. \[[^\]]+\]\(([^)]+)\)/gm)].map(([, path = '']) => path)
  const inDocs = pages
    .filter(page => /^docs\/(?!index\b)[\w-]+\.md$/.test(page))
    .map(page => page.slice('docs/'.length))
  expect([...order].sort()).toEqual([...inDocs, '../SECURITY.md'].sort())
  const next = ['index.md', ...order.slice(0, -1)].map(page => {
    const [, path] = /\nNext: \[[^\]]+\]\(([^)]+)\)\n$/.exec(textOf(join('docs', page))) ?? []
    return path
  })
  expect(next).toEqual(order)
})
