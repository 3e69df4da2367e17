// The page of a report. It reads the data that it contains, and asks no host for anything.
import type { ReportData } from '../data.ts'
import { showDetails } from './details.ts'
import { byId } from './element.ts'
import { duration } from './format.ts'
import { readModel, titleOf } from './model.ts'
import { Selection } from './selection.ts'
import { showSummary } from './summary.ts'
import { TestList } from './test-list.ts'
import { Timeline } from './timeline.ts'

const model = readModel(JSON.parse(byId('data').textContent ?? '') as ReportData)
const selection = new Selection()

let cameFrom: 'tests' | 'timeline' = 'tests'

selection.onChange((item, origin) => {
  if (origin !== 'page') cameFrom = origin === 'list' ? 'tests' : 'timeline'
  showDetails(item, model)
  const { name = '' } = model.data.servers[item.lane] ?? {}
  const outcome = item.test ? `, ${item.test.outcome}` : ''
  // The list tells its own selection.
  if (origin === 'timeline')
    byId('announced').textContent = `${titleOf(item, model.data)}${outcome}, ${duration(item.took)}, ${name}`
})

// Enter leads from the list or the timeline to the details.
byId('details').addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') byId(cameFrom).focus()
})

showSummary(model.data)
const timeline = new Timeline(model, selection)
new TestList(model, selection)

byId('closer').addEventListener('click', () => timeline.zoom(0.5))
byId('farther').addEventListener('click', () => timeline.zoom(2))
byId('fit').addEventListener('click', () => timeline.fit())

const first = model.data.results.find(({ outcome, isRetried }) => outcome === 'failed' && !isRetried)
const item = first && model.itemOf.get(first)
if (item) selection.select(item, 'page')
document.documentElement.dataset.ready = 'true'
