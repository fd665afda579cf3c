import type { EntityInfo, FieldInfo, Filter, RecordData } from '@runwaycrm/sdk'
import type { FoundName } from '../model/read-cell.ts'
import { recordTitle } from '../model/read-value.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

/** Names in one request, so that the filter still fits an address. */
const atOnce = 40
/** Names that are looked for one by one, because they are not written as the record is. */
const mostAlone = 100
/** Characters of a name that goes into an address. */
const longest = 200

/** Finds records by what people call them: as it is written, then without regard to case. */
export function useNameFinder() {
  const { api, titles } = useServices()
  const model = useModel()
  const targetOf = (field: FieldInfo): EntityInfo | null =>
    (field.to ? model.value.entity(field.to) : null) ??
    (field.kind === 'user' ? model.value.people : null)

  /** @throws {ApiError} @returns what each name is, by field. */
  async function find(
    wanted: ReadonlyMap<FieldInfo, ReadonlySet<string>>,
  ): Promise<(field: FieldInfo, name: string) => FoundName> {
    const byEntity = new Map<EntityInfo, Set<string>>()
    for (const [field, names] of wanted) {
      const entity = targetOf(field)
      if (!entity) continue
      const all = byEntity.get(entity) ?? new Set()
      for (const name of names) if (name.length <= longest) all.add(name)
      byEntity.set(entity, all)
    }
    const found = new Map<EntityInfo, ReadonlyMap<string, FoundName>>()
    for (const [entity, names] of byEntity) found.set(entity, await findIn(entity, [...names]))
    return (field, name) => {
      const entity = targetOf(field)
      return (entity && found.get(entity)?.get(name)) ?? 'unknown'
    }
  }

  async function findIn(
    entity: EntityInfo,
    names: readonly string[],
  ): Promise<ReadonlyMap<string, FoundName>> {
    const known = new Map<string, FoundName>()
    const title = entity.titleField
    const list = async (filter: Filter, limit: number): Promise<readonly RecordData[]> => {
      const { data } = await api.records.list(entity.plural, { filter, fields: [title], limit })
      titles.note(entity, data)
      return data
    }
    const settle = (name: string, records: readonly RecordData[]): void => {
      const wanted = name.toLocaleLowerCase()
      const same = records.filter(
        (one) => recordTitle(one, title).trim().toLocaleLowerCase() === wanted,
      )
      if (same.length > 0) known.set(name, same.length > 1 ? 'ambiguous' : { id: same[0]!.id })
    }
    for (let at = 0; at < names.length; at += atOnce) {
      const part = names.slice(at, at + atOnce)
      const records = await list({ [title]: { $in: part } }, 200)
      for (const name of part) settle(name, records)
    }
    const rest = names.filter((name) => !known.has(name)).slice(0, mostAlone)
    // A few at a time: the server has others to serve.
    for (let at = 0; at < rest.length; at += 4)
      await Promise.all(
        rest
          .slice(at, at + 4)
          .map(async (name) => settle(name, await list({ [title]: { $startsWith: name } }, 20))),
      )
    return known
  }

  return { find }
}
