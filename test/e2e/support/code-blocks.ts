import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../../support/npm.ts'

/** A fenced block of a page. */
export interface CodeBlock {
  readonly language: string
  readonly text: string
}

const lines = /^(?:#+ (?<heading>.*)|```(?<language>\w*)\n(?<text>[\s\S]*?)^```)$/gm

/** The code blocks of a page of the documentation, by the heading that they stand under. */
export function codeBlocksOf(page: string): Map<string, CodeBlock[]> {
  const blocks = new Map<string, CodeBlock[]>()
  let under = ''
  for (const { groups } of readFileSync(join(repository, page), 'utf8').matchAll(lines)) {
    const { heading, language = '', text = '' } = groups ?? {}
    if (heading !== undefined) under = heading
    else blocks.set(under, [...(blocks.get(under) ?? []), { language, text }])
  }
  return blocks
}

const fileName = /^(?:\/\/|--) (\S+\.\w+)\n/

/** The blocks that are files of a project, by the name that their first line has. */
export function filesOf(blocks: readonly CodeBlock[]): Record<string, string> {
  return Object.fromEntries(
    blocks.flatMap(({ text }) => {
      const [, name] = fileName.exec(text) ?? []
      return name ? [[name, text]] : []
    }),
  )
}
