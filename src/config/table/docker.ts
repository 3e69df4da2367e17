import * as v from 'valibot'
import type { DockerOptions } from '../options.ts'
import type { Table } from './option.ts'
import { text } from './types.ts'

/** Every option of a container. docker.ts looks for conflicts between options. */
export const dockerOptions: Table<DockerOptions, 'image' | 'engine' | 'args'> = {
  image: {
    type: text,
    takes: 'string',
    default: 'tarantool/tarantool',
    doc: 'The image. The engine pulls an image that it does not have.',
  },
  tag: {
    type: v.pipe(v.string(), v.regex(/^\w[\w.-]*$/, 'must be the tag of an image')),
    takes: 'string',
    otherwise: "`version`, else `'3.8'`",
    doc: 'The tag of the image. Leave it out if `image` contains a tag or digest.',
  },
  engine: {
    type: text,
    takes: 'string',
    default: 'docker',
    path: 'program',
    doc: "`'docker'`, `'podman'`, or the path of a program that takes Docker's command line.",
  },
  user: {
    type: text,
    takes: 'string',
    otherwise: 'your own user',
    doc: "The user that the server runs as. This user must be able to write to the instance's directory.",
  },
  args: {
    type: v.array(v.string()),
    takes: 'string[]',
    default: [],
    doc: "Further arguments of `docker run`, before the image: `['--memory', '1g']`.",
  },
}
