import type { TileInfo } from '../api/model.ts'
import { allOf } from '../filters/filter-json.ts'
import type { FaceSection } from '../model/record-face.ts'

/** The section of a layout as the tile of a dashboard asks for it: what points to the record, or all that match. */
export function layoutChart({ given, label, related }: FaceSection, id: string): TileInfo {
  const {
    chart = 'bar',
    entity = '',
    measure = 'count',
    of,
    groupBy,
    bucket,
    splitBy,
  } = given ?? {}
  return {
    label: label || (related?.entity.labelPlural ?? ''),
    kind: chart,
    entity,
    filter: allOf([related ? { [related.field.apiName]: id } : {}, given?.filter ?? {}]),
    ...(measure !== 'count' && of ? { measure: { [measure]: of } } : {}),
    ...(groupBy ? { groupBy } : {}),
    ...(bucket ? { bucket } : {}),
    ...(splitBy ? { splitBy } : {}),
  }
}
