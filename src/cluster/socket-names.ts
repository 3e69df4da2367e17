// The sockets of all members are in the cluster's directory, beside the directories of the members. The length of a socket's
// path is limited, so the names are short. No member has such a name: the name of a member has no dot.

/** The kinds of sockets: for the other members, behind the link for tests, the console, and the console of the fixture. */
type SocketKind = 'p' | 's' | 'c' | 'a'

/** The name of a socket of the member with a number. */
export const socketName = (kind: SocketKind, index: number): string => `${kind}.${index}`

/** The name of the socket of the link from a member to another, by their numbers. */
export const linkSocketName = (from: number, to: number): string => `l.${from}-${to}`

/** True for the name of the socket on which the fixture asks a member. */
export const isAgentSocket = (name: string): boolean => /^a\.\d+$/.test(name)

/** The name of the console's socket of a member, by the socket on which the fixture asks it. */
export const consoleBesideAgent = (name: string): string => name.replace(/^a/, 'c')
