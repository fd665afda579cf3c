import { readFileSync } from 'node:fs'
import type { Manifest } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { baseLayers, layer, orgLayer } from '../../tests/setup/test-layers.ts'
import { composeModel } from './compose-model.ts'
import { createLayer } from './layer.ts'
import { usesIn } from './uses.ts'

const recipes = createLayer(
  JSON.parse(
    readFileSync(
      new URL('../../tests/fixtures/graphs/test/recipes/plugin.json', import.meta.url),
      'utf8',
    ),
  ) as Manifest,
  'plugin',
)
const input = {
  type: 'object',
  additionalProperties: false,
  required: ['id'],
  properties: {
    id: { type: 'string', format: 'uuid' },
    days: { type: 'integer', minimum: 1 },
    mood: { enum: ['good', 'bad'] },
  },
}
const action = { label: 'A', description: 'A', risk: 'read', output: { type: 'object' } }
const deeds = layer('crm.deeds', {
  contributes: { actions: { act: { ...action, input, handler: 'act' } } },
  handlers: { act: {} },
})
const withoutGreet = createLayer(
  {
    ...recipes.manifest,
    contributes: { ...recipes.manifest.contributes, recipes: {} },
  } as Manifest,
  'plugin',
)
const base = composeModel([...baseLayers, withoutGreet, deeds])

const step = (type: string, settings: object = {}, more: object = {}) => ({
  type: `test.recipes:${type}`,
  settings,
  ...more,
})
const steps = {
  wait: step('pause', { minutes: 5 }, { next: 'act' }),
  act: step('do', { action: 'crm.deeds:act', input: { id: '{{ record.id }}' } }, { next: 'end' }),
  end: step('stop'),
}
const recipe = (changed: object = {}, start: unknown = 'wait') => ({
  label: 'R',
  start,
  steps: { ...steps, ...changed },
})
const composed = (definition: object) =>
  composeModel([orgLayer({ recipes: { r: definition } })], base)
const problems = (definition: object) =>
  composed(definition).problems.map(({ at, code, message, hint }) => [
    at,
    code,
    `${message} ${hint}`,
  ])

describe('a definition that is a graph', () => {
  it('stands when every edge leads to a node and none leads back', () => {
    expect(base.problems).toEqual([])
    const model = composed(recipe())
    expect(model.problems).toEqual([])
    expect(model.contributions.get('recipes')?.has('t:r')).toBe(true)
  })

  it('is refused at the text that names no node, in maps of settings too', () => {
    const ways = { hot: 'act', cold: 'nowhere' }
    const lost = { wait: step('choose', { ways, otherwise: 'gone' }, { next: 'constructor' }) }
    expect(problems(recipe(lost))).toEqual([
      ['t/recipes/r/steps/wait/settings/ways/cold', 'UNKNOWN_OPTION', named('nowhere')],
      ['t/recipes/r/steps/wait/settings/otherwise', 'UNKNOWN_OPTION', named('gone')],
      ['t/recipes/r/steps/wait/next', 'UNKNOWN_OPTION', named('constructor')],
    ])
    expect(composed(recipe(lost)).contributions.get('recipes')?.has('t:r')).toBeFalsy()
    function named(key: string) {
      return `There is no node "${key}". Use one of wait, act, end.`
    }
  })

  it('is refused without a start, and with one that leads nowhere', () => {
    const { start: _, ...without } = recipe()
    expect(problems(without)).toMatchObject([['t/recipes/r/start', 'REQUIRED', expect.anything()]])
    expect(problems(recipe({}, 'x'))).toMatchObject([
      ['t/recipes/r/start', 'UNKNOWN_OPTION', expect.anything()],
    ])
    expect(problems({ label: 'Nothing yet', steps: {} })).toEqual([])
  })

  it('is refused where a circle closes, with its way', () => {
    const back = { end: step('stop', {}, { onError: 'wait' }) }
    expect(problems(recipe(back))).toEqual([
      [
        't/recipes/r/steps/end/onError',
        'AMBIGUOUS',
        expect.stringContaining('wait → act → end → wait'),
      ],
    ])
    const self = { end: step('stop', {}, { next: 'end' }) }
    expect(problems(recipe(self))[0]?.[2]).toContain('end → end')
  })

  it('may be long', () => {
    const long = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [
        `s${i}`,
        step('stop', {}, i < 199 ? { next: `s${i + 1}`, onError: `s${199}` } : {}),
      ]),
    )
    expect(problems({ label: 'R', start: 's0', steps: long })).toEqual([])
  })
})

describe('a part whose schema another contribution brings', () => {
  it('is checked by it at the leaf', () => {
    const wrong = { wait: step('pause', { minutes: 0, loud: true }, { next: 'act' }) }
    expect(problems(recipe(wrong))).toMatchObject([
      ['t/recipes/r/steps/wait/settings/loud', 'UNKNOWN_FIELD', expect.anything()],
      ['t/recipes/r/steps/wait/settings/minutes', 'OUT_OF_RANGE', expect.anything()],
    ])
  })

  it('is missing when something in it is required', () => {
    const bare = { wait: { type: 'test.recipes:pause', next: 'act' } }
    expect(problems(recipe(bare))).toMatchObject([
      ['t/recipes/r/steps/wait/settings/minutes', 'REQUIRED', expect.anything()],
    ])
  })

  it('goes on in what a part of it refers to', () => {
    const act = step('do', { action: 'crm.deeds:act', input: { id: 'x', days: 0 } })
    expect(problems(recipe({ act })).map(([at]) => at)).toEqual([
      't/recipes/r/steps/act/settings/input/id',
      't/recipes/r/steps/act/settings/input/days',
    ])
  })

  it('takes texts with places for values of any type, where templates are told apart', () => {
    const filled = { id: '{{ a }}', days: '{{ b }}', mood: 'as {{ c }}' }
    const act = step('do', { action: 'crm.deeds:act', input: filled })
    expect(problems(recipe({ act, wait: step('pause', { minutes: '{{ n }}' }) }))).toEqual([])
    const half = step('do', { action: 'crm.deeds:act', input: { ...filled, mood: 'odd' } })
    expect(problems(recipe({ act: half }))).toMatchObject([
      ['t/recipes/r/steps/act/settings/input/mood', 'UNKNOWN_OPTION', expect.anything()],
    ])
    const kind = step('do', { action: '{{ a }}' })
    expect(problems(recipe({ act: kind }))[0]?.[0]).toBe('t/recipes/r/steps/act/settings/action')
  })

  it('may hold anything while the reference leads nowhere, and goes with all of the graph', () => {
    const lost = { wait: { type: 'gone.plugin:wait', settings: { a: [1] }, next: 'act' } }
    expect(problems(recipe(lost))).toMatchObject([
      ['t/recipes/r/steps/wait/type', 'UNKNOWN_RECORD', expect.anything()],
    ])
    expect(composed(recipe(lost)).contributions.get('recipes')?.has('t:r')).toBeFalsy()
  })

  it('takes no schema that a validator must not be made of', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } }
    const own = orgLayer({
      recipeSteps: { bad: { label: 'Bad', schema } },
      recipes: {
        r: recipe({ end: { type: 't:bad', settings: { a: 'aaaaaaaaaaaaaaaaaaaaaaaa!' } } }),
      },
    })
    expect(composeModel([own], base).problems).toEqual([])
  })
})

describe('references in such a part', () => {
  it('are checked, and are declared like all others', () => {
    const act = step('do', { action: 'crm.deeds:nothing' }, { next: 'end' })
    expect(problems(recipe({ act }))).toMatchObject([
      ['t/recipes/r/steps/act/settings/action', 'UNKNOWN_RECORD', expect.anything()],
    ])
    const plugin = layer('crm.more', {
      requires: { 'test.recipes': '^1.0.0' },
      contributes: { recipes: { r: recipe() } },
    })
    const model = composeModel([...baseLayers, withoutGreet, deeds, plugin])
    expect(model.problems.map(({ at, message }) => [at, message])).toEqual([
      [
        'crm.more/recipes/r/steps/act/settings/action',
        'crm.more uses crm.deeds without saying so.',
      ],
    ])
  })

  it('are found by whoever asks what uses what: contributions, and fields in conditions', () => {
    const look = step(
      'choose',
      { entity: 'crm.leads:lead', when: { score: { $gt: 1 } }, ways: { name: 'act' } },
      { next: 'end' },
    )
    const uses = usesIn(composed(recipe({ wait: look })))
      .filter(({ ref }) => ref === 't:r')
      .map(({ path, of }) => [path.join('/'), of.field ?? `${of.point}/${of.ref}`])
    expect(uses).toEqual([
      ['steps/wait/type', 'recipeSteps/test.recipes:choose'],
      ['steps/act/type', 'recipeSteps/test.recipes:do'],
      ['steps/end/type', 'recipeSteps/test.recipes:stop'],
      ['steps/wait/settings/entity', 'entities/crm.leads:lead'],
      ['steps/act/settings/action', 'actions/crm.deeds:act'],
      ['steps/wait/settings/when/score', 'score'],
    ])
  })

  it('take the whole graph along when what they name is not there, and say so', () => {
    const model = composeModel([...baseLayers, recipes])
    expect(model.problems.map(({ at }) => at)).toEqual([
      'test.recipes/recipes/greet/steps/convert/settings/action',
    ])
    expect(model.contributions.get('recipes')?.size).toBe(0)
  })
})
