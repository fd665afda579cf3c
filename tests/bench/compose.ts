import type { Manifest, Override } from '@runwaycrm/sdk'
import { composeModel } from '../../kernel/model/compose-model.ts'
import { emptyDocument, type LayerDocument, layerOf } from '../../kernel/model/layer-document.ts'
import { usesIn } from '../../kernel/model/uses.ts'
import { fieldsLayer, kernelLayer, layer } from '../setup/test-layers.ts'

const plugins = 60
const edits = 500
const rounds = 40
/** As many as a server has done soon after its start; before, the engine has not compiled all of it. */
const warmUp = 100

/** How long the own layer of one organisation takes, with 500 edits on 60 plugins of 90 contributions each. */
export function measureCompose(say: (line: string) => void): void {
  const layers = Array.from({ length: plugins }, (_, n) => layer(`bench.p${n}`, partsOf(n)))
  const began = performance.now()
  const base = composeModel([kernelLayer, fieldsLayer, ...layers])
  const whole = performance.now() - began
  const wrong = base.problems.filter(({ at }) => at.startsWith('bench.'))
  if (wrong.length > 0) throw new Error(JSON.stringify(wrong.slice(0, 3)))
  const times: number[] = []
  let uses = 0
  for (let round = 0; round < warmUp + rounds; round++) {
    const own = layerOf(documentOf(round))
    const start = performance.now()
    const model = composeModel([own], base)
    times.push(performance.now() - start)
    if (model.problems.some(({ at }) => at.startsWith('t/')))
      throw new Error('The edits are wrong.')
    const before = performance.now()
    usesIn(model)
    uses = performance.now() - before
  }
  const first = times[0]!
  const warm = times.slice(warmUp).sort((a, b) => a - b)
  const [median, worst] = [warm[rounds / 2]!, warm.at(-1)!]
  say(
    `\n${plugins} plugins with ${contributions(layers)} contributions: ${whole.toFixed(0)} ms once; an organisation's ` +
      `${edits} edits on them: median ${median.toFixed(1)} ms, at most ${worst.toFixed(1)} ms (under 10), the very first ${first.toFixed(1)} ms; ` +
      `who refers to whom: ${uses.toFixed(1)} ms`,
  )
}

function contributions(layers: readonly { readonly manifest: Manifest }[]): number {
  return layers
    .flatMap(({ manifest }) => Object.values(manifest.contributes ?? {}))
    .reduce((sum, point) => sum + Object.keys(point).length, 0)
}

function many<T>(count: number, name: string, of: (n: number) => T): Record<string, T> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${name}${n}`, of(n)]))
}

/** 90 contributions: 2 entities, 10 fields onto another plugin's, pages, events, roles, schedules, jobs. */
function partsOf(n: number): Omit<Parameters<typeof layer>[1] & object, 'id'> {
  const onto = `bench.p${Math.max(0, n - 1)}`
  return {
    requires: { 'platform.fields': '^1.0.0', ...(n > 0 && { [onto]: '^1.0.0' }) },
    contributes: {
      entities: many(2, 'thing', (e) => ({
        label: `Thing ${n} ${e}`,
        labelPlural: `Things ${n} ${e}`,
        plural: `things-${n}-${e}`,
        titleField: 'name0',
        fields: many(20, 'name', (f) => ({ type: 'text', label: `Name ${f}`, order: f })),
      })),
      fields: many(10, `extra${n}x`, (f) => ({
        entity: `${onto}:thing0`,
        field: { type: 'text', label: `Extra ${f}` },
      })),
      pages: many(28, 'page', (p) => ({
        label: `Page ${p}`,
        path: `/p${n}/${p}`,
        entity: `bench.p${n}:thing1`,
      })),
      events: many(40, 'event', (e) => ({ label: `Event ${e}`, payload: { type: 'object' } })),
      roles: many(10, 'role', (r) => ({
        label: `Role ${r}`,
        rules: { see: { operations: ['read'], entity: `bench.p${n}:thing0`, fields: ['name1'] } },
      })),
    },
  }
}

/** Labels of fields and pages all over the plugins, and fields, pages and objects of its own. */
function documentOf(round: number): LayerDocument {
  const overrides: Override[] = Array.from({ length: 350 }, (_, n) => {
    const at = `bench.p${n % plugins}`
    const isField = n % 2 === 0
    return {
      point: isField ? 'entities' : 'pages',
      target: isField ? `${at}:thing${n % 4 === 0 ? 0 : 1}` : `${at}:page${n % 28}`,
      path: isField ? ['fields', `name${n % 20}`, 'label'] : ['label'],
      from: isField ? `Name ${n % 20}` : `Page ${n % 28}`,
      to: `Mine ${round} ${n}`,
    }
  })
  return {
    ...emptyDocument,
    overrides,
    contributes: {
      fields: many(100, 'own', (n) => ({
        entity: `bench.p${n % plugins}:thing1`,
        field: { type: 'text', label: `Own ${round} ${n}` },
      })),
      pages: many(50, 'own', (n) => ({
        label: `Own ${round} ${n}`,
        path: `/own/${n}`,
        entity: `bench.p${n}:thing0`,
      })),
    },
  }
}
