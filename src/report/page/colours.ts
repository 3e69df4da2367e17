/** Reads the colours of the style sheet for the canvas, and follows the colour scheme. */
export class Colours {
  readonly #known = new Map<string, string>()

  /** @param onChange is called when the user's colour scheme has changed */
  constructor(onChange: () => void) {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#known.clear()
      onChange()
    })
  }

  of(name: string): string {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const colour = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
    this.#known.set(name, colour)
    return colour
  }
}
