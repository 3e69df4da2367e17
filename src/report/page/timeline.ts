import { Colours } from './colours.ts'
import { type Drawing, draw, itemAt, laneHeight, rulerHeight, timeAt } from './draw.ts'
import { byId, element } from './element.ts'
import { duration } from './format.ts'
import { type Item, type Model, titleOf } from './model.ts'
import type { Selection } from './selection.ts'
import { View } from './view.ts'

// In pixels of the screen.
const longestSide = 16_000

/** The servers over time: a lane for each server, on a canvas. */
export class Timeline {
  readonly #model: Model
  readonly #selection: Selection
  readonly #canvas = byId<HTMLCanvasElement>('timeline')
  readonly #tip = byId('tip')
  readonly #colours = new Colours(() => this.#redraw())
  readonly #view: View
  /** The lane that the keyboard is on. */
  #lane = 0
  #isToDraw = false
  #drag: { x: number; from: number; to: number } | undefined

  constructor(model: Model, selection: Selection) {
    this.#model = model
    this.#selection = selection
    this.#view = new View(model.length)
    byId('lanes').append(
      ...model.data.servers.map(({ name, run, version, isCluster }) =>
        element(
          'li',
          {},
          element('strong', {}, run === undefined ? name : `${name} (${run})`),
          element('span', {}, `${isCluster ? 'cluster' : 'Tarantool'} ${version?.replace(/-.*/, '') ?? 'not started'}`),
        ),
      ),
    )
    this.#canvas.style.height = `${rulerHeight + model.lanes.length * laneHeight}px`
    new ResizeObserver(() => this.#redraw()).observe(this.#canvas)
    selection.onChange(item => {
      this.#lane = item.lane
      this.#view.reveal(item.at, item.took)
      this.#revealLane()
      this.#redraw()
    })
    this.#listen()
    this.#redraw()
  }

  /** Does what a button or a key asks for. */
  zoom(factor: number): void {
    const { item } = this.#selection
    const isInSight = item && item.at >= this.#view.from && item.at <= this.#view.to
    this.#view.zoom(factor, isInSight ? item.at + item.took / 2 : undefined)
    this.#redraw()
  }

  fit(): void {
    this.#view.fit()
    this.#redraw()
  }

  get #drawing(): Omit<Drawing, 'context'> & { readonly context: CanvasRenderingContext2D } {
    return {
      context: this.#canvas.getContext('2d') as CanvasRenderingContext2D,
      width: this.#canvas.clientWidth,
      model: this.#model,
      view: this.#view,
      selected: this.#selection.item,
      hasFocus: document.activeElement === this.#canvas,
      colour: name => this.#colours.of(name),
    }
  }

  #redraw(): void {
    if (this.#isToDraw) return
    this.#isToDraw = true
    requestAnimationFrame(() => {
      this.#isToDraw = false
      // A canvas has a largest size. A run can have hundreds of servers.
      const scale = Math.min(devicePixelRatio, longestSide / Math.max(this.#canvas.clientHeight, 1))
      this.#canvas.width = Math.round(this.#canvas.clientWidth * scale)
      this.#canvas.height = Math.round(this.#canvas.clientHeight * scale)
      this.#drawing.context.setTransform(scale, 0, 0, scale, 0, 0)
      draw(this.#drawing)
    })
  }

  #listen(): void {
    const canvas = this.#canvas
    canvas.addEventListener('keydown', event => this.#onKey(event))
    for (const name of ['focus', 'blur']) canvas.addEventListener(name, () => this.#redraw())
    canvas.addEventListener('wheel', event => this.#onWheel(event), { passive: false })
    canvas.addEventListener('pointerdown', ({ offsetX, pointerId }) => {
      canvas.setPointerCapture(pointerId)
      this.#drag = { x: offsetX, from: this.#view.from, to: this.#view.to }
    })
    canvas.addEventListener('pointermove', event => this.#onMove(event))
    canvas.addEventListener('pointerup', ({ offsetX, offsetY }) => {
      const moved = Math.abs(offsetX - (this.#drag?.x ?? offsetX))
      this.#drag = undefined
      const item = moved < 4 ? itemAt(this.#drawing, offsetX, offsetY) : undefined
      if (item) this.#selection.select(item, 'timeline')
    })
    canvas.addEventListener('pointerleave', () => {
      this.#tip.hidden = true
    })
  }

  // With a modifier, the wheel zooms, as in maps. Without, the page scrolls.
  #onWheel(event: WheelEvent): void {
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey
    if (!(event.ctrlKey || event.metaKey || isSideways)) return
    event.preventDefault()
    const { clientWidth } = this.#canvas
    if (isSideways) this.#view.move(((event.deltaX || event.deltaY) / clientWidth) * this.#view.span)
    else this.#view.zoom(1.002 ** event.deltaY, timeAt(this.#view, event.offsetX, clientWidth))
    this.#redraw()
  }

  #onMove({ offsetX, offsetY }: PointerEvent): void {
    if (this.#drag && Math.abs(offsetX - this.#drag.x) >= 4) {
      const { x, from, to } = this.#drag
      const by = ((x - offsetX) / this.#canvas.clientWidth) * (to - from)
      this.#view.show(from + by, to + by)
      this.#redraw()
      return
    }
    const item = itemAt(this.#drawing, offsetX, offsetY)
    this.#canvas.style.cursor = item ? 'pointer' : ''
    this.#tip.hidden = !item
    if (!item) return
    this.#tip.textContent = `${titleOf(item, this.#model.data)} · ${duration(item.took)}`
    const { clientWidth } = this.#canvas
    this.#tip.style.left = `${Math.min(offsetX + 12, Math.max(clientWidth - this.#tip.offsetWidth, 0))}px`
    this.#tip.style.top = `${offsetY + 18}px`
  }

  #onKey(event: KeyboardEvent): void {
    const moves: Record<string, () => void> = {
      ArrowRight: () => this.#step(1),
      ArrowLeft: () => this.#step(-1),
      ArrowDown: () => this.#toLane(1),
      ArrowUp: () => this.#toLane(-1),
      Home: () => this.#selectAt(0),
      End: () => this.#selectAt(-1),
      '+': () => this.zoom(0.5),
      '=': () => this.zoom(0.5),
      '-': () => this.zoom(2),
      '0': () => this.fit(),
      Enter: () => byId('details').focus(),
    }
    const move = event.ctrlKey || event.metaKey || event.altKey ? undefined : moves[event.key]
    if (!move) return
    event.preventDefault()
    move()
  }

  #revealLane(): void {
    const box = byId('lane-box')
    const top = rulerHeight + this.#lane * laneHeight
    if (top - rulerHeight < box.scrollTop) box.scrollTop = top - rulerHeight
    else if (top + laneHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + laneHeight - box.clientHeight
  }

  get #items(): readonly Item[] {
    return this.#model.lanes[this.#lane] ?? []
  }

  #selectAt(position: number): void {
    const item = this.#items.at(position)
    if (item) this.#selection.select(item, 'timeline')
  }

  #step(by: number): void {
    const { item } = this.#selection
    const position = item ? this.#items.indexOf(item) : -1
    this.#selectAt(position < 0 ? 0 : Math.min(Math.max(position + by, 0), this.#items.length - 1))
  }

  // The item of the other lane that begins nearest to the same time.
  #toLane(by: number): void {
    const lane = Math.min(Math.max(this.#lane + by, 0), this.#model.lanes.length - 1)
    const at = this.#selection.item?.at ?? 0
    if (lane === this.#lane) return
    this.#lane = lane
    const nearest = this.#items.reduce<Item | undefined>(
      (best, item) => (best && Math.abs(best.at - at) <= Math.abs(item.at - at) ? best : item),
      undefined,
    )
    if (nearest) this.#selection.select(nearest, 'timeline')
  }
}
