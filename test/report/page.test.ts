import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openReport } from '../../src/report/index.ts'
import { wallClock } from '../../src/wall-clock.ts'
import { BrowserPage, chromium, needsChromium } from '../support/browser.ts'
import { temporaryDirectory } from '../support/instances.ts'
import { sampleEvents } from './sample.ts'

/** Writes the page of a made-up run. Returns its path. */
async function writePage(tests: number, servers = 4): Promise<string> {
  const path = join(temporaryDirectory(), 'report.html')
  const report = await openReport(path, undefined)
  for (const [lane, event] of sampleEvents(tests, servers, wallClock())) report.record(lane, event)
  await report.end()
  return path
}

async function openPage(path: string): Promise<BrowserPage> {
  const page = await BrowserPage.open(chromium ?? '')
  onTestFinished(() => page.close())
  await page.visit(pathToFileURL(path).href)
  return page
}

const text = (selector: string): string => `document.querySelector('${selector}').innerText`
const inFrames = 'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))'
const focused = 'document.activeElement.id || document.activeElement.tagName'

test('the page is one file, and names in it cannot end its data', async () => {
  const path = await writePage(40)
  const page = readFileSync(path, 'utf8')
  expect(page).toContain("default-src 'none'")
  expect(page).not.toMatch(/\{\{|<\/script><|<script[^>]+src=|<link[^>]+href="(?!data:)/)
  const [, data = ''] = /id="data">(.*?)<\/script>/s.exec(page) ?? []
  expect(JSON.parse(data)).toEqual(JSON.parse(readFileSync(path.replace('.html', '.json'), 'utf8')))
})

test.skipIf(!chromium)(`lanes, tests and costs are shown, and a click shows a test (${needsChromium})`, async () => {
  const page = await openPage(await writePage(40))
  expect(await page.evaluate("document.querySelectorAll('#lanes li').length")).toBe(4)
  expect(await page.evaluate(text('#count'))).toBe('40 tests')
  expect(await page.evaluate(text('#cost'))).toMatch(
    /32 passed, 4 failed, 4 skipped.*8 starts.*40 resets.*Crashes\s*4/s,
  )

  // The first failed test is shown at once. Names and log lines are texts.
  const details = await page.evaluate(text('#details'))
  expect(details).toContain('users > fails </script><b>')
  expect(details).toContain('app.lua:8 W> user 1 </script><img src="http://host.invalid/">')
  expect(details).toContain('  ~ users [2, "bob"] → [2, "eve"]')

  const click = async (selector: string): Promise<void> => {
    const [x, y] = (await page.evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)})
      element.scrollIntoView({ block: 'center' })
      const { x, y, height } = element.getBoundingClientRect()
      return [x + 40, y + height / 2]
    })()`)) as [number, number]
    await page.click(x, y)
  }
  await click('#test-0')
  expect(await page.evaluate(text('#details h2'))).toBe('users > passes 0')
  expect(await page.evaluate("document.querySelector('#test-0').ariaSelected")).toBe('true')
  await click("#outcomes [value='failed']")
  expect(await page.evaluate(text('#count'))).toBe('4 tests')
  await page.evaluate("search.value = 'file-2'; search.dispatchEvent(new Event('input'))")
  expect(await page.evaluate(text('#count'))).toBe('1 test')

  // A start of a server, on the timeline.
  const place = (await page.evaluate(`(() => {
    scrollTo(0, 0)
    const { left, top, width } = timeline.getBoundingClientRect()
    const { took, events } = JSON.parse(data.textContent)
    const length = Math.max(took, ...events.map(({ at, took = 0 }) => at + took))
    return [left + (60 / length) * width, top + 24 + 8]
  })()`)) as [number, number]
  await page.click(...place)
  expect(await page.evaluate(text('#details'))).toMatch(
    /^start\s.*Instance\s+Tarantool\[127\.0\.0\.1:13001\].*Seed\s+22 ms/s,
  )
  expect(page.errors).toEqual([])
})

test.skipIf(!chromium)(`the keyboard reaches tests and timeline (${needsChromium})`, async () => {
  const page = await openPage(await writePage(40))
  await page.evaluate('fit.focus()')
  await page.press('Tab')
  expect(await page.evaluate(focused)).toBe('timeline')
  for (const key of ['Home', 'ArrowRight', 'ArrowRight']) await page.press(key)
  expect(await page.evaluate('announced.textContent')).toMatch(/^users > passes 0, passed, .* ms, default 1$/)
  await page.press('ArrowDown')
  expect(await page.evaluate('announced.textContent')).toMatch(/, default 2$/)
  for (const key of ['+', '-', '0', 'End']) await page.press(key)
  await page.press('Enter')
  expect(await page.evaluate(focused)).toBe('details')
  await page.press('Escape')
  expect(await page.evaluate(focused)).toBe('timeline')

  await page.evaluate("document.querySelector('#outcomes button:last-child').focus()")
  await page.press('Tab')
  expect(await page.evaluate(focused)).toBe('tests')
  await page.press('Home')
  await page.press('ArrowDown')
  expect(await page.evaluate("document.getElementById(tests.getAttribute('aria-activedescendant')).ariaPosInSet")).toBe(
    '2',
  )
  await page.press('End')
  expect(await page.evaluate("document.querySelector('[aria-selected=true]').ariaPosInSet")).toBe('40')
  // Each element that can be focused has a name.
  const { nodes } = (await page.send('Accessibility.getFullAXTree')) as { nodes: AccessibleNode[] }
  const focusable = nodes.filter(({ properties = [] }) =>
    properties.some(each => each.name === 'focusable' && each.value.value),
  )
  const unnamed = focusable.filter(({ name, role }) => !name?.value && role?.value !== 'RootWebArea')
  expect(unnamed.map(({ role }) => role?.value)).toEqual([])
  expect(page.errors).toEqual([])
})

interface AccessibleNode {
  readonly role?: { readonly value: string }
  readonly name?: { readonly value: string }
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value: unknown } }[]
}

test.skipIf(!chromium)(`5,000 tests, in both colour schemes, without a request (${needsChromium})`, async () => {
  const page = await openPage(await writePage(5000, 8))
  expect(await page.evaluate(text('#count'))).toBe('5,000 tests')
  // Only the rows in sight are there.
  expect(await page.evaluate("document.querySelectorAll('.row').length")).toBeLessThan(60)
  const backs: unknown[] = []
  const pictures: unknown[] = []
  for (const scheme of ['light', 'dark'] as const) {
    await page.prefer(scheme)
    await page.evaluate(inFrames)
    backs.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
    pictures.push(await page.evaluate('timeline.toDataURL()'))
  }
  expect(backs).toEqual(['rgb(246, 247, 249)', 'rgb(18, 22, 28)'])
  expect(pictures[0]).not.toBe(pictures[1])
  // A server that is out of sight comes into sight.
  await page.evaluate("timeline.focus(); document.getElementById('lane-box').style.maxHeight = '120px'")
  for (let lane = 1; lane < 8; lane++) await page.press('ArrowDown')
  expect(await page.evaluate('announced.textContent')).toMatch(/, default 8$/)
  expect(await page.evaluate("document.getElementById('lane-box').scrollTop")).toBeGreaterThan(200)
  await page.evaluate('tests.scrollTop = tests.scrollHeight')
  await page.evaluate(inFrames)
  expect(await page.evaluate("document.querySelector('#test-4999 b').innerText")).toMatch(/^users > /)
  expect(page.requests.filter(url => !url.startsWith('file://') && !url.startsWith('data:'))).toEqual([])
  expect(page.errors).toEqual([])
})
