import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { comparePackageVersions, releaseVersion } from '../../../src/binary/release/package-version.ts'
import { layoutAsOf, mirrorOf, repositoryFor } from '../../../src/binary/release/repository.ts'
import { describeSystem } from '../../../src/binary/system.ts'
import { InvalidOptionError } from '../../../src/errors.ts'
import { parseVersion } from '../../../src/version/version.ts'
import { fits, nearestVersions, newestThatFits, readWantedVersion } from '../../../src/version/wanted.ts'

const wanted = (text: string) => readWantedVersion(text, 'version')

test.each([
  ['3', '3.8.0-0-g50e7f2b', true],
  ['3', '2.11.5', false],
  ['3.8', '3.8.0-entrypoint-12-gabc', true],
  ['3.8', '3.80.0', false],
  ['3.8.0', '3.8.0-0-g50e7f2b', true],
  ['3.8.0', '3.8.1', false],
  ['3.8.0', '3.8.0', true],
  ['3.8.0', '3.8.0-12-g50e7f2b', true],
  ['3.8.0', '3.8.0-rc1', false],
  ['3.8.0', '3.8.0-rc1-0-g50e7f2b', false],
  ['3.8.0', '3.8.0-alpha2-3-g50e7f2b', false],
  ['3.8.0', '3.8.0-entrypoint-12-g50e7f2b', false],
  ['3.8.0', '3.8.0~rc1', false],
  ['3.8', '3.8.0-rc1-0-g50e7f2b', true],
  ['2.1', '2.11.5', false],
  ['1', '1.10.15', true],
  ['latest', '3.0.0', true],
  ['latest', '2.11.5', false],
])('%s and Tarantool %s', (text, version, fitting) => {
  expect(fits(parseVersion(version), wanted(text))).toBe(fitting)
})

test.each([
  ['', undefined],
  ['three', undefined],
  ['v3', '3'],
  ['3.x', '3'],
  ['3,5', '3.5'],
  ['^3.5', '3.5'],
  ['>=2.11', '2.11'],
  ['3.8.0-0-g50e7f2b', '3.8.0'],
  ['3.8.0.1', '3.8.0'],
  ['03', '03'],
  ['3.', '3'],
  [' 3', '3'],
  ['Latest', undefined],
  ['3.99999', '3.99999'],
])('%j is malformed', (text, meant) => {
  const reading = (): unknown => wanted(text)
  expect(reading).toThrow(InvalidOptionError)
  expect(reading).toThrow(`version is ${JSON.stringify(text)}, which is not a version of Tarantool`)
  expect(reading).toThrow("Use a series ('3'), a minor version ('3.5'), a release ('3.8.0') or 'latest'.")
  if (meant) expect(reading).toThrow(`Did you mean '${meant}'?`)
})

test.each(['0', '1.9', '1.6.8'])('%s is too old', text => {
  expect(() => wanted(text)).toThrow(`version is '${text}', but Tarantool 1.10 or later is needed`)
})

test('the newest is found by numbers, and the nearest by distance', () => {
  const versions = ['3.2.0', '3.10.1', '3.9.4', '3.9.10', '3.8.0'].map(text => parseVersion(text))
  expect(newestThatFits(versions, wanted('3'))?.text).toBe('3.10.1')
  expect(newestThatFits(versions, wanted('3.9'))?.text).toBe('3.9.10')
  expect(newestThatFits(versions, wanted('3.1'))).toBeUndefined()
  expect(nearestVersions(versions, wanted('3.9.7')).map(({ text }) => text)).toEqual(['3.9.10', '3.9.4', '3.10.1'])
  expect(nearestVersions(versions, wanted('3.3')).map(({ text }) => text)).toEqual(['3.2.0', '3.8.0', '3.9.10'])
})

test.each([
  ['3.8.0-1', '3.8.0'],
  ['2.11.2.g1bac2d257b-1', '2.11.2'],
  ['1.10.15.0.g41d09ad5c-1', '1.10.15'],
  ['1:2.6.0-1.2+b1', '2.6.0'],
  ['3.4.0~rc1-1', undefined],
  ['3.0.0~alpha1.g0123-1', undefined],
  ['3.1.0.entrypoint.5.gabc-1', undefined],
  ['3.1-1', undefined],
])('the package %s is a release of %s', (version, release) => {
  expect(releaseVersion(version)?.text).toBe(release)
})

// From deb-version(7), and dpkg's own tests.
test.each([
  ['3.10.0-1', '3.9.0-1', 1],
  ['3.8.0-1', '3.8.0-1', 0],
  ['3.8.0-2', '3.8.0-1', 1],
  ['3.8.0-1+b1', '3.8.0-1', 1],
  ['3.8.0~rc1-1', '3.8.0-1', -1],
  ['3.8.0~~-1', '3.8.0~-1', -1],
  ['1:2.0', '3.0', 1],
  ['3.8.0a-1', '3.8.0+-1', -1],
  ['0:3.8', '3.8', 0],
  ['3.8-0', '3.8', 0],
])('the package %s compared with %s', (a, b, sign) => {
  expect(Math.sign(comparePackageVersions(a, b))).toBe(sign)
  expect(Math.sign(comparePackageVersions(b, a))).toBe(-sign + 0)
})

const system = (osRelease: string, arch = 'x64', platform = 'linux') => describeSystem(osRelease, platform, arch)
const debian = 'ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\nNAME=Debian'
const mint = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\nNAME="Linux Mint"'
const fedora = 'ID=fedora\nVERSION_ID=41\nNAME="Fedora Linux"'
const alpine = 'ID=alpine\nVERSION_ID=3.20\nNAME="Alpine Linux"'

test.each([
  ['3', debian, 'series-3/linux-deb/', 'static'],
  ['3.5', fedora, 'series-3/linux-deb/', 'static'],
  ['latest', mint, 'series-3/linux-deb/', 'static'],
  ['4', debian, 'series-4/linux-deb/', 'static'],
  ['2', debian, 'series-2/debian/', 'bookworm'],
  ['2.11.5', mint, 'series-2/ubuntu/', 'noble'],
  ['2.10', debian, 'series-2/debian/', 'bookworm'],
  ['2.8', debian, '2.8/debian/', 'bookworm'],
  ['2.1', debian, '2.1/debian/', 'bookworm'],
  ['1.10', debian, '1.10/debian/', 'bookworm'],
  ['1', debian, '1.10/debian/', 'bookworm'],
])('Tarantool %s is in', (text, osRelease, place, distribution) => {
  const { base, ...repository } = repositoryFor(wanted(text), system(osRelease, 'arm64'), mirrorOf({}))
  expect(base).toBe(`https://download.tarantool.org/tarantool/release/${place}`)
  const isStatic = distribution === 'static'
  expect(repository).toEqual({ distribution, component: 'main', architecture: 'arm64', isStatic })
})

test.each([
  ['3', system(alpine), 'Alpine Linux 3.20 (amd64): the releases need the GNU C library'],
  ['3', system('', 'arm64', 'darwin'), 'macOS (arm64): the releases are for Linux'],
  ['3', system(debian, 'ia32'), 'Debian 12 (i386): the releases are for amd64 and arm64'],
  ['2.11', system(fedora), 'Fedora Linux 41 (amd64): the releases before 3.0 are for Debian and Ubuntu'],
])('Tarantool %s has no build for %j', (text, on, message) => {
  const looking = (): unknown => repositoryFor(wanted(text), on, mirrorOf({}))
  expect(looking).toThrow(`there is no build of Tarantool ${text} for ${message}`)
})

test('TARANTOOL_FIXTURE_MIRROR takes the place of the vendor', () => {
  const mirror = (text: string): string => mirrorOf({ TARANTOOL_FIXTURE_MIRROR: text })
  expect(mirror('https://mirror.example.org/tnt')).toBe('https://mirror.example.org/tnt/')
  expect(mirror('')).toBe('https://download.tarantool.org/')
  for (const text of ['mirror.example.org', 'ftp://mirror.example.org', '/srv/mirror', 'file:///srv']) {
    expect(() => mirror(text)).toThrow('TARANTOOL_FIXTURE_MIRROR is not an address of HTTP')
  }
})

test('the documentation tells the date of the layout', () => {
  expect(readFileSync('docs/versions.md', 'utf8')).toContain(`layout (as of ${layoutAsOf})`)
})
