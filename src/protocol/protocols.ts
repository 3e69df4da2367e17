// A test's first request loads this code. It is one module, since Node loads one large file faster than several small files.
export { ConsoleConnection } from './console/connection.ts'
export { connectUnheard } from './iproto/announcement.ts'
export { IprotoConnection } from './iproto/connection.ts'
export { refusesConnections } from './refuses-connections.ts'
