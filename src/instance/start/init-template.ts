import mustache from 'mustache'
import { nearestName } from '../../config/nearest-name.ts'
import { TemplateError } from '../../errors.ts'
import { luaLiteral } from '../../protocol/lua-literal.ts'

/** A piece of Lua that stays as it is. Other values of a view become literals. */
export class LuaExpression {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** The user's file and line from which a line of the rendered script came. */
export type LineMap = (line: number) => { file: string; line: number } | undefined

export interface RenderedTemplate {
  readonly text: string
  readonly lineMap: LineMap
}

// Lua code often contains {{ }} and { {. Mustache's default tags would remove these without an error.
const tags: [string, string] = ['<%', '%>']
const notOffered: Record<string, string> = {
  consoleHost: 'The fixture opens the console before the init script runs. Remove the line.',
  consolePort: 'The fixture opens the console before the init script runs. Remove the line.',
}

const lineAt = (template: string, offset: number): number => template.slice(0, offset).split('\n').length

// Mustache's tokens: [type, value, start, end, children?, …]. Its types declare each token as a list of strings.
type Token = [type: string, value: string, start: number, end: number, ...rest: unknown[]]

function parse(template: string, file: string): Token[] {
  try {
    return mustache.parse(template, tags) as unknown as Token[]
  } catch (error) {
    const message = (error as Error).message
    const offset = Number(/ at (\d+)$/.exec(message)?.[1] ?? 0)
    throw new TemplateError(`${file}:${lineAt(template, offset)}: ${message.replace(/ at \d+$/, '')}`, {
      hint: 'The tags are <% name %>, <%& name %>, <%# name %> … <%/ name %> and <%^ name %> … <%/ name %>.',
    })
  }
}

function checkNames(tokens: Token[], names: readonly string[], template: string, file: string): void {
  for (const [type, value, start, , children] of tokens) {
    if (type === 'text' || type === '!' || type === '=') continue
    const where = `${file}:${lineAt(template, start)}`
    if (type === '>') throw new TemplateError(`${where}: partials (<%> ${value} %>) are not supported`)
    if (value !== '.' && !names.includes(value)) {
      const near = nearestName(value, names)
      const hint = notOffered[value] ?? (near ? `Did you mean '${near}'?` : `Names: ${names.join(', ')}.`)
      throw new TemplateError(`${where}: unknown name '${value}'`, { hint })
    }
    if (Array.isArray(children)) checkNames(children as Token[], names, template, file)
  }
}

// Mustache drops the lines of standalone tags, and a raw value may contain several lines. So a mark before each piece
// of the output says where the piece came from. The code that counts the lines removes the marks.
const mark = (origin: string): string => `\u0000${origin}\u0000`

class MarkingWriter extends mustache.Writer {
  override rawValue([, text, start]: string[]): string {
    return mark(String(start)) + text
  }

  override escapedValue(token: string[], context: mustache.Context): string {
    const value: unknown = context.lookup(token[1] ?? '')
    if (value instanceof LuaExpression) return this.#value(token, value.text)
    return this.#value(token, value === undefined || value === null ? 'nil' : luaLiteral(value))
  }

  override unescapedValue(token: string[], context: mustache.Context): string {
    const value: unknown = context.lookup(token[1] ?? '')
    if (value instanceof LuaExpression) return this.#value(token, value.text)
    return this.#value(token, value === undefined || value === null ? '' : String(value))
  }

  #value([, name, start]: string[], text: string): string {
    return (text.includes('\n') ? mark(`=${name}`) : mark(String(start))) + text.replaceAll('\u0000', '')
  }
}

// A writer keeps the templates that it has parsed.
const writer = new MarkingWriter()

function takeOutMarks(marked: string, template: string, file: string): RenderedTemplate {
  const origins: { file: string; line: number }[] = []
  const [, ...pieces] = marked.split('\u0000')
  let text = ''
  for (let index = 0; index < pieces.length; index += 2) {
    const origin = pieces[index] ?? ''
    const piece = pieces[index + 1] ?? ''
    const from = origin.startsWith('=')
      ? { file: origin.slice(1), line: 1 }
      : { file, line: lineAt(template, Number(origin)) }
    const firstRow = text.split('\n').length - 1
    piece.split('\n').forEach((rowText, row, rows) => {
      // The first piece with text on a line determines the line's origin.
      if (rowText !== '' || row < rows.length - 1)
        origins[firstRow + row] ??= { file: from.file, line: from.line + row }
    })
    text += piece
  }
  return { text, lineMap: line => origins[line - 1] }
}

/**
 * Renders an init script.
 *
 * @param template Mustache with the tags `<% %>`. A value becomes a Lua literal, and `<%& name %>` its plain text
 * @param view the value of each name. A name with the value undefined exists, and is `nil`
 * @param file the template's name in messages
 * @throws TemplateError for an unbalanced tag or an unknown name, with its line
 */
export function renderTemplate(template: string, view: Record<string, unknown>, file: string): RenderedTemplate {
  checkNames(parse(template, file), Object.keys(view), template, file)
  const bare = Object.assign(Object.create(null) as Record<string, unknown>, view)
  return takeOutMarks(writer.render(template, bare, {}, { tags }), template, file)
}
