import { tickLabel } from './format.ts'
import type { Item, Model } from './model.ts'
import type { View } from './view.ts'

/** The sizes of the timeline, in CSS pixels. */
export const rulerHeight = 24
export const laneHeight = 52

/** The band of an item within its lane: where it begins, and its height. */
const bands: Readonly<Record<Item['kind'], readonly [top: number, height: number]>> = {
  start: [5, 7],
  replacement: [13, 3],
  lease: [17, 24],
  test: [20, 18],
  reset: [42, 5],
  death: [3, 45],
}

const order: readonly Item['kind'][] = ['lease', 'start', 'replacement', 'reset', 'test', 'death']

/** The colour variable of an item: page.css defines it for both colour schemes. */
function colourOf({ event, kind, test }: Item): string {
  if (test) return test.outcome
  if (event?.kind === 'start') return event.error !== undefined ? 'failed' : event.isSpare ? 'spare' : 'start'
  return kind === 'death' ? 'failed' : kind
}

export interface Drawing {
  readonly context: CanvasRenderingContext2D
  readonly width: number
  readonly model: Model
  readonly view: View
  readonly selected: Item | undefined
  readonly hasFocus: boolean
  colour(name: string): string
}

/** Draws the whole timeline anew. */
export function draw(drawing: Drawing): void {
  const { context, width, model, colour, selected } = drawing
  context.clearRect(0, 0, width, rulerHeight + model.lanes.length * laneHeight)
  drawRuler(drawing)
  for (const [number, items] of model.lanes.entries()) {
    const top = rulerHeight + number * laneHeight
    context.fillStyle = colour('line')
    context.fillRect(0, top, width, 1)
    for (const kind of order) drawItems(drawing, items, kind, top)
  }
  if (selected) drawSelected(drawing, selected)
}

function xOf({ view, width }: Drawing, at: number): number {
  return ((at - view.from) / view.span) * width
}

/** The time at a place. */
export const timeAt = ({ from, span }: View, x: number, width: number): number => from + (x / width) * span

// Items that share a pixel are drawn once. Failed tests come last, so that none vanishes among the others.
function drawItems(drawing: Drawing, items: readonly Item[], kind: Item['kind'], top: number): void {
  const { view } = drawing
  const shown = items.filter(item => item.kind === kind && item.at <= view.to && item.at + item.took >= view.from)
  const isFailed = ({ test }: Item): boolean => test?.outcome === 'failed'
  for (const part of [shown.filter(item => !isFailed(item)), shown.filter(isFailed)]) {
    let last = Number.NEGATIVE_INFINITY
    for (const item of part) {
      // Whole pixels: parts of pixels would make a pattern of many short tests.
      const x = Math.floor(xOf(drawing, item.at))
      const right = Math.max(Math.round(xOf(drawing, item.at + item.took)), x + leastWidth(item))
      if (right - x <= 1 && x === last) continue
      last = x
      drawItem(drawing, item, { x, right, top })
    }
  }
}

// The eye has to find these in a long run.
const leastWidth = ({ kind, test }: Item): number => (kind === 'death' || test?.outcome === 'failed' ? 3 : 1)

interface Place {
  readonly x: number
  readonly right: number
  /** The top of the lane. */
  readonly top: number
}

function drawItem({ context, colour, ...rest }: Drawing, item: Item, { x, right, top }: Place): void {
  const [offset, height] = bands[item.kind]
  context.fillStyle = colour(colourOf(item))
  // A gap separates neighbours, where there is room.
  context.fillRect(x, top + offset, right - x > 4 && item.test ? right - x - 1 : right - x, height)
  if (item.event?.kind === 'start') drawSeed({ context, colour, ...rest }, item, top + offset, height)
}

function drawSeed(drawing: Drawing, { at, took, event }: Item, top: number, height: number): void {
  if (event?.kind !== 'start' || event.seedTook === undefined) return
  const end = xOf(drawing, at + took)
  const begin = xOf(drawing, at + took - event.seedTook)
  if (end - begin < 1) return
  drawing.context.fillStyle = drawing.colour('seed')
  drawing.context.fillRect(begin, top, end - begin, height)
}

function drawSelected(drawing: Drawing, item: Item): void {
  const { context, colour, hasFocus } = drawing
  const [offset, height] = bands[item.kind]
  const x = xOf(drawing, item.at)
  const right = Math.max(xOf(drawing, item.at + item.took), x + 3)
  context.strokeStyle = colour(hasFocus ? 'focus' : 'text')
  context.lineWidth = 2
  context.strokeRect(x - 2, rulerHeight + item.lane * laneHeight + offset - 2, right - x + 4, height + 4)
}

function drawRuler(drawing: Drawing): void {
  const { context, width, view, colour, model } = drawing
  const step = stepOf((view.span / Math.max(width, 1)) * 90)
  context.font = '11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    const x = Math.round(xOf(drawing, at))
    context.fillStyle = colour('line')
    context.fillRect(x, rulerHeight - 5, 1, model.lanes.length * laneHeight + 5)
    const label = tickLabel(at, step)
    context.fillStyle = colour('muted')
    if (x + 4 + context.measureText(label).width < width) context.fillText(label, x + 4, rulerHeight / 2)
  }
}

/** The round number of milliseconds that is at least as large. */
function stepOf(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map(factor => factor * power).find(step => step >= least) ?? least
}

/** The item at a place of a lane. An item that is narrower than a finger is found beside it, too. */
export function itemAt({ view, width, model }: Drawing, x: number, y: number): Item | undefined {
  const lane = Math.floor((y - rulerHeight) / laneHeight)
  const within = y - rulerHeight - lane * laneHeight
  const time = timeAt(view, x, width)
  const slack = (view.span / Math.max(width, 1)) * 3
  const hits = (model.lanes[lane] ?? []).filter(({ at, took, kind }) => {
    const [top, height] = bands[kind]
    return within >= top - 2 && within <= top + height + 2 && time >= at - slack && time <= at + took + slack
  })
  const rank = ({ kind, test }: Item): number => order.indexOf(kind) + (test?.outcome === 'failed' ? 0.5 : 0)
  const distance = ({ at, took }: Item): number => Math.max(at - time, time - at - took, 0)
  return hits.sort((a, b) => rank(b) - rank(a) || distance(a) - distance(b) || a.took - b.took)[0]
}
