import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import type { TileInfo } from '../api/model.ts'
import { choiceOf, inOrder, moved, tileOf, without, withTile } from './edit-tiles.ts'

const tile = (label: string, order?: number): TileInfo => ({
  label,
  kind: 'kpi',
  entity: 'crm.leads:lead',
  ...(order === undefined ? {} : { order }),
})
const labels = (tiles: Readonly<Record<string, TileInfo>>) =>
  inOrder(tiles).map(([, one]) => one.label)
const three = { a: tile('A', 1), b: tile('B', 2), c: tile('C') }

describe('the tiles of a dashboard', () => {
  it('move, go and come', () => {
    expect(labels(moved(three, 'c', -1))).toEqual(['A', 'C', 'B'])
    expect(labels(moved(three, 'a', -1))).toEqual(['A', 'B', 'C'])
    expect(labels(without(three, 'b'))).toEqual(['A', 'C'])
    expect(labels(withTile(three, null, tile('D')))).toEqual(['A', 'B', 'C', 'D'])
    expect(labels(withTile(three, 'b', tile('X')))).toEqual(['A', 'X', 'C'])
    expect(Object.keys(withTile({ tile2: tile('A') }, null, tile('D')))).toEqual(['tile2', 'tile3'])
  })
})

describe('one tile', () => {
  const field = (apiName: string, kind: string) =>
    [apiName, { apiName, kind } as FieldInfo] as const
  const fields = new Map([
    field('name', 'text'),
    field('value', 'currency'),
    field('closeDate', 'date'),
  ])
  const entity = { ref: 'crm.opportunities:opportunity' } as EntityInfo
  const choice = {
    label: ' Won ',
    kind: 'line',
    measure: 'sum value',
    groupBy: 'closeDate',
    dateField: '',
    width: 2,
  } as const

  it('is what somebody chose, a date in months', () => {
    expect(tileOf(choice, entity, fields, null)).toEqual({
      label: 'Won',
      kind: 'line',
      entity: entity.ref,
      width: 2,
      measure: { sum: 'value' },
      groupBy: 'closeDate',
      bucket: 'month',
    })
  })

  it('keeps its filter while it is over the same records, and comes back as it was chosen', () => {
    const before: TileInfo = { ...tile('Won'), entity: entity.ref, filter: { stage: 'won' } }
    const next = tileOf(choice, entity, fields, before)
    expect(next.filter).toEqual({ stage: 'won' })
    expect(tileOf(choice, { ref: 'x:y' } as EntityInfo, fields, before)).not.toHaveProperty(
      'filter',
    )
    expect(choiceOf(next)).toEqual({ ...choice, label: 'Won' })
  })

  it('of records has columns and no measure', () => {
    const table = tileOf({ ...choice, kind: 'table' }, entity, fields, null)
    expect(table).toMatchObject({ columns: ['name', 'value', 'closeDate'], limit: 8 })
    expect(table).not.toHaveProperty('measure')
    expect(table).not.toHaveProperty('groupBy')
  })
})
