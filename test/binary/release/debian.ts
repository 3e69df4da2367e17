import { describeSystem, type OperatingSystem } from '../../../src/binary/system.ts'

const osRelease = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nNAME="Debian GNU/Linux"'

/** A Debian 12 with the processor of this machine, so that its programs run. */
export const debian: OperatingSystem = describeSystem(osRelease, 'linux')
