import { expect, test } from 'vitest'
import { installGuidance } from '../../src/binary/guidance.ts'
import { describeSystem } from '../../src/binary/system.ts'
import { readWantedVersion } from '../../src/version/wanted.ts'

const systems = {
  debian: describeSystem('ID=debian\nVERSION_ID=12\nNAME=Debian', 'linux', 'x64'),
  fedora: describeSystem('ID=fedora\nVERSION_ID=41\nNAME=Fedora', 'linux', 'x64'),
  macos: describeSystem('', 'darwin', 'arm64'),
}

const first = (name: string, text?: string, hasNoBuild = false): string | undefined =>
  installGuidance(
    systems[name as keyof typeof systems],
    text === undefined ? undefined : readWantedVersion(text, 'version'),
    hasNoBuild,
  ).split('\n')[0]

test.each([
  ['debian', '3', /release\/3\/installer\.sh \| bash && sudo apt-get install -y tarantool$/],
  ['debian', '3.5', /release\/3\/.* install -y 'tarantool=3\.5\.\*'$/],
  ['debian', '3.5.1', /release\/3\/.* install -y 'tarantool=3\.5\.1\*'$/],
  ['debian', '2.8', /release\/2\.8\/.* install -y 'tarantool=2\.8\.\*'$/],
  ['fedora', '2.11', /release\/2\/.* dnf install -y 'tarantool-2\.11\.\*'$/],
  ['macos', '3', /brew install tarantool$/],
  ['macos', 'latest', /brew install tarantool$/],
  ['macos', undefined, /brew install tarantool$/],
])('the command for %s and %s', (system, text, command) => {
  expect(first(system, text)).toMatch(command)
})

test('the newest Tarantool is called by its series', () => {
  expect(first('debian', 'latest')).toBe(first('debian', '3'))
})

test.each([
  ['macos', '2.11', false],
  ['macos', '3.5', false],
  ['debian', '2.11', true],
])('no command for %s and %s', (system, text, hasNoBuild) => {
  expect(first(system, text, hasNoBuild)).toMatch(/^To use another Tarantool, set TARANTOOL_BIN .* docker option$/)
})
