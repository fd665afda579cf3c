import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { allQuestions, answersTo, textOf } from './support/all-questions.ts'
import { type Cells, createCells } from './support/cells.ts'
import { checkExport } from './support/exporting.ts'
import { changeHidden } from './support/hidden-values.ts'
import { checkImport, checkImportsOfOthers, importAsAdmin } from './support/importing.ts'
import { createSetting, type Setting } from './support/permission-setting.ts'
import type { Look } from './support/reading.ts'
import { checkFormulas } from './support/reading-formula.ts'
import { checkByField, checkGet, checkList, checkRelations } from './support/reading-lists.ts'
import { checkLive } from './support/reading-live.ts'
import { checkAction, checkExplain, checkModel, checkSearch } from './support/reading-model.ts'
import { checkChanges, checkPast } from './support/reading-past.ts'
import { checkSums } from './support/reading-sums.ts'
import { suiteRandom, suiteScale, suiteTimeoutMs } from './support/scale.ts'
import { surfaces, uncovered } from './support/surfaces.ts'
import {
  checkActionWrite,
  checkBulk,
  checkCreate,
  checkDelete,
  checkUpdate,
} from './support/writing.ts'
import { checkRevert } from './support/writing-back.ts'

/** What people may do through every surface, compared with an oracle that is not the product's. */
let setting: Setting
let cells: Cells
const random = suiteRandom('permissions')
const density = Math.min(1, 0.3 * suiteScale)
const isDeep = suiteScale > 1
/** Share of all questions whose answers are compared to the byte. */
const questioned = isDeep ? density / 2 : 0.02
vi.setConfig({ testTimeout: suiteTimeoutMs })

beforeAll(async () => {
  setting = await createSetting(random, 1 + 2 * suiteScale)
  cells = createCells()
}, suiteTimeoutMs)
afterAll(() => setting?.stop())

/** Everybody and every entity, person by person. */
function looks(): Look[][] {
  return setting.people.map((person) =>
    [...setting.model.entities.values()].map((entity) => ({
      setting,
      person,
      entity,
      cells,
      density,
    })),
  )
}

/** Each of a dozen people looks at a twelfth of the entities, and at a sixth of those that their roles name. */
const strides = { named: 6, other: 12 } as const
let turn = 0
/** Who has looked at which entity so far, and by which check. */
const looked = new Map<string, { readonly people: Set<string>; readonly entities: Set<string> }>()
const pairs = new Set<string>()

function note(check: (look: Look) => Promise<void>, { person, entity }: Look): void {
  const seen = looked.get(check.name) ?? { people: new Set(), entities: new Set() }
  looked.set(check.name, seen)
  seen.people.add(person.name)
  seen.entities.add(entity.ref)
  pairs.add(`${person.name} ${entity.ref}`)
}

function isNamed({ setting: { model }, person, entity }: Look): boolean {
  return person.roles.some((role) =>
    Object.values(model.roles.get(role)!.definition.rules).some(
      (rule) => rule.entity === entity.ref,
    ),
  )
}

/** In a normal run some of the pairs, others for every check; in the deep run all of them. */
async function eachLook(check: (look: Look) => Promise<void>): Promise<void> {
  const before = cells.failures.length
  turn += 1
  for (const [person, mine] of looks().entries()) {
    for (const [entity, look] of mine.entries()) {
      const stride = isNamed(look) ? strides.named : strides.other
      if (!isDeep && (person + entity + turn) % stride !== 0) continue
      note(check, look)
      await check(look)
    }
  }
  expect(cells.failures.slice(before)).toEqual([])
}

async function eachPerson(check: (mine: Look[]) => Promise<void>): Promise<void> {
  const before = cells.failures.length
  for (const mine of looks()) await check(mine)
  expect(cells.failures.slice(before)).toEqual([])
}

describe('every surface', () => {
  it('is compared: what the product declares is listed', () => {
    expect(uncovered(setting.app.house.app!.declaredRoutes)).toEqual([])
  })

  it('lists records, those that may be restored, and how many', () => eachLook(checkList))
  it('gives single records', () => eachLook(checkGet))
  it('takes names of fields: chosen, filtered by, sorted by', () => eachLook(checkByField))
  it('follows relations', () => eachLook(checkRelations))
  it('groups and measures', () => eachLook(checkSums))
  it('tries formulas', () => eachLook(checkFormulas))
  it('tells the past of a record', () => eachLook(checkPast))
  it('tells of change sets', () => eachPerson((mine) => checkChanges(mine, 10)))
  it('describes the model', () => eachPerson(checkModel))
  it('explains what somebody may', () => eachLook(checkExplain))
  it('searches', () => eachLook(checkSearch))
  it('reads for the code of a plugin', () => eachLook(checkAction))
  it('exports', () => eachLook(checkExport))

  it('tells of changes while they happen', async () => {
    const before = cells.failures.length
    await checkLive(setting, cells, 2 * suiteScale)
    expect(cells.failures.slice(before)).toEqual([])
  })

  it('answers to the byte the same, whatever stands in what is hidden', async () => {
    const findings: string[] = []
    let asked = 0
    for (const person of setting.people) {
      const questions = allQuestions(setting)
      const some = questions.filter(() => random.chance(questioned))
      const before = await answersTo(some, person)
      const changed = await changeHidden(setting, person)
      if (changed === 0) continue
      const after = await answersTo(some, person)
      some.forEach((question, at) => {
        if (before[at] === after[at]) return
        const answers = `${before[at]?.slice(0, 400)}\n  ${after[at]?.slice(0, 400)}`
        findings.push(`${person.name}: ${textOf(question)}\n  ${answers}`)
      })
      asked += some.length
      for (const entity of setting.model.entities.values()) await setting.load(entity)
    }
    console.info(`permissions: ${asked} answers compared to the byte`)
    expect(findings).toEqual([])
  })

  it('creates', () => eachLook(checkCreate))
  it('changes', () => eachLook(checkUpdate))
  it('changes many at once', () => eachLook(checkBulk))
  it('deletes and restores', () => eachLook(checkDelete))
  it('writes for the code of a plugin', () => eachLook(checkActionWrite))

  it('takes back', () => eachLook(checkRevert))
  it('imports', () => eachLook(checkImport))

  it('shows what others import', async () => {
    const before = cells.failures.length
    const id = await importAsAdmin(setting)
    for (const [first] of looks()) await checkImportsOfOthers(first!, id)
    expect(cells.failures.slice(before)).toEqual([])
  })

  it('was asked, thousands of times in all', () => {
    console.info(`permissions: ${cells.total()} cells`, Object.fromEntries(cells.counts))
    const silent = Object.keys(surfaces).filter((surface) => !cells.counts.has(surface))
    expect(silent).toEqual([])
    const [people, entities] = [setting.people.length, setting.model.entities.size]
    for (const [check, seen] of looked) {
      expect([seen.people.size, seen.entities.size], check).toEqual([people, entities])
    }
    expect(pairs.size).toBe(people * entities)
    expect(cells.total()).toBeGreaterThan(5_000)
  })
})
