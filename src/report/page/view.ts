/** The part of the time axis that the timeline shows. */
export class View {
  readonly #length: number
  #from = 0
  #to: number

  constructor(length: number) {
    this.#length = length
    this.#to = length
  }

  get from(): number {
    return this.#from
  }

  get to(): number {
    return this.#to
  }

  get span(): number {
    return this.#to - this.#from
  }

  fit(): void {
    this.show(0, this.#length)
  }

  /** Shows a span of time, as far as the run goes. */
  show(from: number, to: number): void {
    // A hundredth of a millisecond is the unit of the data.
    const span = Math.min(Math.max(to - from, 0.5), this.#length)
    this.#from = Math.min(Math.max(from, 0), this.#length - span)
    this.#to = this.#from + span
  }

  /** Zooms around a place that stays where it is. */
  zoom(factor: number, around: number = (this.#from + this.#to) / 2): void {
    const span = this.span * factor
    const share = (around - this.#from) / this.span
    this.show(around - share * span, around + (1 - share) * span)
  }

  move(by: number): void {
    this.show(this.#from + by, this.#to + by)
  }

  /** Moves so that a span of time is in sight. */
  reveal(at: number, took: number): void {
    if (at >= this.#from && at + took <= this.#to) return
    if (took > this.span) this.show(at, at + took)
    else this.show(at + took / 2 - this.span / 2, at + took / 2 + this.span / 2)
  }
}
