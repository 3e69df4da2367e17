import type { ReportedTest } from '../data.ts'
import { byId, element } from './element.ts'
import { counted, duration } from './format.ts'
import type { Model } from './model.ts'
import type { Selection } from './selection.ts'
import { type Filter, fileOf, filtered } from './test-filter.ts'

const rowHeight = 44
const marks = { passed: '✓', failed: '✗', skipped: '–' } as const

/** The list of tests. Only the rows in sight are elements of the page. */
export class TestList {
  readonly #model: Model
  readonly #selection: Selection
  readonly #list = byId('tests')
  readonly #rows = byId('rows')
  #filter: Filter = { outcome: undefined, text: '', order: 'time' }
  #tests: ReportedTest[] = []
  /** The position that the keyboard is on. */
  #position = -1

  constructor(model: Model, selection: Selection) {
    this.#model = model
    this.#selection = selection
    this.#list.addEventListener('scroll', () => this.#show())
    this.#list.addEventListener('keydown', event => this.#onKey(event))
    this.#list.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest<HTMLElement>('[data-position]') : null
      if (row) this.#select(Number(row.dataset.position))
    })
    new ResizeObserver(() => this.#show()).observe(this.#list)
    selection.onChange(({ test }) => this.#follow(test))
    this.#listenToFilter()
    this.#apply({})
  }

  #listenToFilter(): void {
    const search = byId<HTMLInputElement>('search')
    search.addEventListener('input', () => this.#apply({ text: search.value }))
    const order = byId<HTMLSelectElement>('order')
    order.addEventListener('change', () => this.#apply({ order: order.value as Filter['order'] }))
    for (const button of byId('outcomes').querySelectorAll('button')) {
      const outcome = button.value === '' ? undefined : (button.value as ReportedTest['outcome'])
      button.addEventListener('click', () => {
        for (const each of byId('outcomes').querySelectorAll('button'))
          each.setAttribute('aria-pressed', String(each === button))
        this.#apply({ outcome })
      })
    }
  }

  #apply(change: Partial<Filter>): void {
    this.#filter = { ...this.#filter, ...change }
    this.#tests = filtered(this.#model.data, this.#filter)
    byId('count').textContent = counted(this.#tests.length, 'test')
    this.#rows.style.height = `${this.#tests.length * rowHeight}px`
    this.#list.scrollTop = 0
    this.#follow(this.#selection.item?.test)
  }

  // Another part of the page may have selected a test.
  #follow(test: ReportedTest | undefined): void {
    this.#position = test ? this.#tests.indexOf(test) : -1
    const top = this.#position * rowHeight
    const { scrollTop, clientHeight } = this.#list
    if (this.#position >= 0 && top < scrollTop) this.#list.scrollTop = top
    else if (this.#position >= 0 && top + rowHeight > scrollTop + clientHeight)
      this.#list.scrollTop = top + rowHeight - clientHeight
    this.#show()
  }

  #show(): void {
    const first = Math.max(Math.floor(this.#list.scrollTop / rowHeight) - 5, 0)
    const count = Math.ceil(this.#list.clientHeight / rowHeight) + 10
    const shown = this.#tests.slice(first, first + count)
    this.#rows.replaceChildren(...shown.map((test, index) => this.#row(test, first + index)))
    const isShown = this.#position >= first && this.#position < first + count
    if (isShown) this.#list.setAttribute('aria-activedescendant', `test-${this.#position}`)
    else this.#list.removeAttribute('aria-activedescendant')
  }

  #row(test: ReportedTest, position: number): HTMLElement {
    const { name, outcome, took, attempt, isRetried } = test
    const file = fileOf(test, this.#model.data)
    const note = attempt ? ` · attempt ${attempt + 1}` : isRetried ? ' · attempt 1' : ''
    const row = element(
      'div',
      {
        ...{ role: 'option', id: `test-${position}`, class: 'row', 'data-position': String(position) },
        'aria-selected': String(position === this.#position),
        'aria-posinset': String(position + 1),
        'aria-setsize': String(this.#tests.length),
      },
      element('span', { class: `mark ${outcome}`, role: 'img', 'aria-label': outcome }, marks[outcome]),
      element('span', { class: 'name' }, element('b', {}, name), element('small', {}, file + note)),
      element('span', { class: 'took' }, outcome === 'skipped' ? '' : duration(took)),
    )
    row.style.top = `${position * rowHeight}px`
    return row
  }

  #onKey(event: KeyboardEvent): void {
    const page = Math.max(Math.floor(this.#list.clientHeight / rowHeight) - 1, 1)
    const last = this.#tests.length - 1
    const moves: Readonly<Record<string, number>> = {
      ...{ ArrowDown: this.#position + 1, ArrowUp: this.#position - 1, Home: 0, End: last },
      ...{ PageDown: this.#position + page, PageUp: this.#position - page },
    }
    const to = moves[event.key]
    if (event.key === 'Enter') byId('details').focus()
    if (to === undefined && event.key !== 'Enter') return
    event.preventDefault()
    if (to !== undefined) this.#select(Math.min(Math.max(to, 0), last))
  }

  #select(position: number): void {
    const test = this.#tests[position]
    const item = test && this.#model.itemOf.get(test)
    if (item) this.#selection.select(item, 'list')
  }
}
