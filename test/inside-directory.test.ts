import { chmodSync, lchownSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { beforeEach, describe, expect, test } from 'vitest'
import { insideDirectory, withDirectory } from '../src/inside-directory.ts'
import { makeDirectories } from '../src/make-directories.ts'
import { temporaryDirectory } from './support/instances.ts'

const isLinux = process.platform === 'linux'
const isRoot = process.getuid?.() === 0
const stranger = 65_534

describe('a directory that is worked in', () => {
  let place = ''
  let inside = ''
  let elsewhere = ''

  beforeEach(() => {
    place = temporaryDirectory()
    inside = join(place, 'inside')
    elsewhere = join(place, 'elsewhere')
    mkdirSync(inside)
    mkdirSync(elsewhere)
  })

  const putLinkInItsPlace = (): void => {
    renameSync(inside, join(place, 'moved'))
    symlinkSync(elsewhere, inside)
  }

  test.runIf(isLinux)('stays the same, whatever happens to its name (needs Linux)', () => {
    insideDirectory(inside, at => {
      putLinkInItsPlace()
      writeFileSync(join(at, 'file'), '')
      mkdirSync(join(at, 'directory'))
    })
    expect(readdirSync(join(place, 'moved'))).toEqual(['directory', 'file'])
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test.runIf(isLinux)('takes nothing more after its end (needs Linux)', () => {
    const make = (): void =>
      insideDirectory(inside, at => {
        rmSync(inside, { recursive: true })
        symlinkSync(elsewhere, inside)
        mkdirSync(join(at, 'directory'))
      })
    expect(make).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    expect(readdirSync(elsewhere)).toEqual([])
  })

  test('is one that others cannot write to', () => {
    chmodSync(inside, 0o1777)
    expect(() => insideDirectory(inside, () => {})).toThrow(`others may write to ${inside}`)
    expect(insideDirectory(inside, () => 'made', { shared: true })).toBe('made')
    chmodSync(inside, 0o777)
    expect(() => insideDirectory(inside, () => {}, { shared: true })).toThrow(`others may write to ${inside}`)
  })

  test('is behind a link of ours only if the caller wants to follow links', () => {
    putLinkInItsPlace()
    expect(insideDirectory(inside, at => readdirSync(at))).toEqual([])
    expect(() => withDirectory(inside, () => {})).toThrow(/ELOOP|ENOTDIR/)
  })

  test.runIf(isRoot)("nothing is made behind another user's link (needs root)", () => {
    chmodSync(place, 0o1777)
    putLinkInItsPlace()
    lchownSync(inside, stranger, stranger)
    expect(() => makeDirectories(join(inside, 'a', 'b'), 0o700)).toThrow(
      `${inside} belongs to another user (uid ${stranger})`,
    )
    expect(readdirSync(elsewhere)).toEqual([])
  })
})
