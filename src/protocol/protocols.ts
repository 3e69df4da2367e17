// A test's first request loads this code. It is one module, since Node loads one large file faster than several small files.
export { ServerConnections } from './connections.ts'
export { refusesConnections } from './refuses-connections.ts'
