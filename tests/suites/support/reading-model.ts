import type { Operation } from './oracle.ts'
import {
  ask,
  factsOf,
  type Look,
  nameOf,
  outcome,
  queryOf,
  rowsOf,
  shownRecord,
  visibleOf,
} from './reading.ts'

interface ModelAnswer {
  readonly entities: readonly {
    readonly ref: string
    readonly can: Readonly<Record<string, boolean>>
    readonly fields: readonly {
      readonly apiName: string
      readonly can: Readonly<Record<string, boolean>>
    }[]
  }[]
  readonly views: readonly { readonly ref: string; readonly entity: string }[]
}

/** What the app is told of the model, and what the API's own description says. */
export async function checkModel(looks: readonly Look[]): Promise<void> {
  const [first] = looks
  if (!first) return
  const { person, cells } = first
  const { oracle } = person
  const model = (await ask(first, 'GET', '/model')).body as ModelAnswer
  const document = (await ask(first, 'GET', '/openapi.json')).body as {
    components: { schemas: Record<string, { properties: object } | undefined> }
  }
  for (const look of looks) {
    const { entity } = look
    const where = nameOf(look, '')
    const info = model.entities.find(({ ref }) => ref === entity.ref)
    const ever = (operation: Operation, field?: string) => oracle.ever(operation, entity.ref, field)
    const isMade = entity.definition.creatable !== false && ever('create')
    const isKnown = ever('read') || isMade
    cells.compare('model', where, info !== undefined, isKnown)
    const names = [...entity.byApiName.keys()]
    const known = ever('read') ? names.filter((name) => ever('read', name)).sort() : []
    if (info && isKnown) {
      const { create, ...can } = info.can
      const expected = { read: ever('read'), update: ever('update'), delete: ever('delete') }
      cells.compare('model', `${where} can`, can, expected)
      cells.compare('model', `${where} can create`, create, isMade)
      // Whoever only creates is not told of fields that they could not read.
      if (ever('read')) {
        cells.compare('model', where, info.fields.map(({ apiName }) => apiName).sort(), known)
      }
      for (const { apiName, can: may } of info.fields) {
        const field = entity.byApiName.get(apiName)!
        if (field.readOnly) continue
        for (const operation of ['create', 'update'] as const) {
          const expected = ever(operation, apiName)
          cells.compare('model', `${where}${apiName} ${operation}`, may[operation], expected)
        }
      }
    }
    const schema = document.components.schemas[entity.ref.replace(':', '.')]
    const listed = Object.keys(schema?.properties ?? {}).sort()
    if (ever('read')) cells.compare('openapi', where, listed, known)
    const hidden = names.filter((name) => !known.includes(name))
    for (const view of model.views.filter((one) => one.entity === entity.ref)) {
      // The icon of goals is called "target", as one of their fields is.
      const words: readonly string[] =
        JSON.stringify({ ...view, icon: null }).match(/"[A-Za-z]+"/g) ?? []
      const told = hidden.filter((name) => words.includes(`"${name}"`))
      cells.compare('model', `${where} view ${view.ref}`, told, [])
    }
  }
}

const operations = ['create', 'read', 'update', 'delete', 'restore'] as const

/** Why somebody may do something agrees with whether they may. */
export async function checkExplain(look: Look): Promise<void> {
  const { cells, person, entity, setting } = look
  const seen = [...visibleOf(look).values()]
  if (seen.length === 0) return
  const names: readonly string[] = [...entity.byApiName.keys()]
  for (let count = 0; count < 3; count++) {
    const record = setting.random.pick(seen)
    const action = setting.random.pick(operations)
    const field = setting.random.chance(0.7) ? setting.random.pick(names) : undefined
    const isAboutField = field !== undefined && (action === 'read' || action === 'update')
    const query = {
      entity: entity.ref,
      id: record['id'],
      action,
      ...(isAboutField ? { field } : {}),
    }
    const reply = await ask(look, 'GET', `/access/explain?${queryOf(query)}`)
    const { allowed } = reply.body as { allowed: boolean }
    const { oracle } = person
    const expected = oracle.may(action, entity.ref, record, isAboutField ? field : undefined)
    cells.compare('explain', nameOf(look, JSON.stringify(query)), allowed, expected)
  }
}

/** A word that stands in most texts finds what a list would show, and shows no more of it. */
export async function checkSearch(look: Look): Promise<void> {
  const { cells, person, entity, setting } = look
  const { token } = setting.world.source
  const query = queryOf({ q: token, entities: entity.plural })
  const reply = await ask(look, 'GET', `/search?${query}`)
  if (entity.definition.hidden || !person.oracle.ever('read', entity.ref)) {
    cells.compare('search', nameOf(look, ''), reply.status, 422)
    return
  }
  cells.compare('search', nameOf(look, ''), reply.status, 200)
  if (reply.status !== 200) return
  const hits = rowsOf(reply) as unknown as { id: string; title: string; snippet: string }[]
  const seen = visibleOf(look)
  const title = entity.fields.get(entity.titleField)!.apiName
  for (const hit of hits) {
    const facts = seen.get(hit.id)
    cells.compare('search', nameOf(look, `${hit.id} is seen`), facts !== undefined, true)
    if (!facts) continue
    const shown = shownRecord(person.oracle, entity, facts)
    cells.compare('search', nameOf(look, `${hit.id} title`), hit.title, shown[title] ?? '')
    const isShown = hit.snippet === '' || Object.values(shown).includes(hit.snippet)
    cells.compare('search', nameOf(look, `${hit.id} snippet`), isShown, true)
  }
  const named = [...seen.values()].filter((facts) => {
    const text = person.oracle.shown(entity.ref, facts, title)
    return typeof text === 'string' && text.includes(token)
  })
  if (named.length > 10) return
  const found = named.filter((facts) => hits.some(({ id }) => id === facts['id']))
  cells.compare('search', nameOf(look, 'finds titles'), found.length, named.length)
}

/** Records as the code of a plugin reads them for somebody. */
export async function checkAction(look: Look): Promise<void> {
  const { cells, person, entity } = look
  const action = 'suites.probe:read'
  const run = (input: object) => ask(look, 'POST', `/actions/${action}`, { input })
  const list = await run({ method: 'list', entity: entity.ref, query: { limit: 200 } })
  const { oracle } = person
  const where = nameOf(look, '')
  if (!oracle.allows(`actions:${action}`) && !oracle.allows('actions:read')) {
    cells.compare('action', where, list.status, 403)
    return
  }
  if (!oracle.ever('read', entity.ref)) {
    cells.compare('action', where, list.status, 403)
    return
  }
  const { output } = list.body as { output: { result: { data: { id: string }[] } } }
  const seen = visibleOf(look)
  const ids = output.result.data.map(({ id }) => id).sort()
  cells.compare('action', `${where} ids`, ids, [...seen.keys()].sort())
  for (const row of output.result.data) {
    const facts = seen.get(row.id)
    if (facts) cells.compareFields('action', where, row, shownRecord(oracle, entity, facts))
  }
  const unseen = factsOf(look).find((record) => !seen.has(record['id'] as string))
  if (!unseen) return
  const one = await run({ method: 'get', entity: entity.ref, id: unseen['id'] })
  cells.compare('action', where, outcome(one), { status: 404, code: 'NOT_FOUND' })
}
