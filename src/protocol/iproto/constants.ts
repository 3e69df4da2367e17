// Names and numbers as in https://www.tarantool.io/en/doc/latest/reference/internals/iproto/keys/

/** Types of requests. */
export const requestType = { auth: 7, eval: 8, call: 10, ping: 64, id: 73 } as const

/** Keys of headers and bodies, with the numbers of IPROTO. */
export const iprotoKey = {
  requestType: 0x00,
  sync: 0x01,
  tuple: 0x21,
  functionName: 0x22,
  userName: 0x23,
  expression: 0x27,
  data: 0x30,
  error24: 0x31,
  error: 0x52,
  version: 0x54,
  features: 0x55,
} as const

/** The type of a reply that is a `box.session.push`. Its request goes on. */
export const chunkStatus = 0x80

/** This bit is set in the type of an error reply. The other bits are the error's code. */
export const errorFlag = 0x8000

/** IPROTO_FEATURE_ERROR_EXTENSION: send error objects as such and not as strings. */
export const errorExtension = 2

/** Announcements use the request numbers from here on. A connection numbers its own requests from 1. */
export const firstAnnounced: number = 0x80000000
