/** A project whose test files run one after the other, by name unless `sequence` says otherwise, on one server. */
export function resettingProject(fixture = '', sequence = 'sequencer: ByName'): Record<string, string> {
  return {
    'vitest.config.ts': `
      import { BaseSequencer } from 'vitest/node'
      class ByName extends BaseSequencer {
        async sort(files) { return [...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1)) }
      }
      const sequence = { ${sequence} }
      export default { test: { globalSetup: './tarantool.ts', maxWorkers: 1, minWorkers: 1, fileParallelism: false, sequence } }`,
    'app.lua': `
      box.schema.space.create('rows', { if_not_exists = true }):create_index('pk', { if_not_exists = true })
      function add(name) box.space.rows:insert({ #box.space.rows:select() + 1, name }) end
      function names()
        local list = {}
        for _, row in box.space.rows:pairs() do table.insert(list, row[2]) end
        table.sort(list)
        return table.concat(list, ' ')
      end`,
    'tarantool.ts': `
      import { defineTarantool } from 'tarantool-fixture/vitest/setup'
      export default defineTarantool({ appLua: './app.lua', ${fixture} })`,
    'rows.ts': `
      import { expect } from 'vitest'
      /** What a test or hook does: says which rows it wants to find, and adds one. */
      export const rowsOf = tarantool => ({
        add: async name => { await tarantool.call('add', name) },
        expect: async names => { expect((await tarantool.call('names'))[0]).toBe(names) },
      })`,
  }
}
