import type { EntityInfo } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { findStage, keysOf, probabilityOf, stagesOf } from './stages.ts'

const entity = {
  fields: [
    {
      apiName: 'stage',
      options: [
        { key: 'engaging', label: 'Engaging', category: 'open' },
        { key: 'pilot', label: 'Paid pilot' },
        { key: 'won', label: 'Won', category: 'won' },
        { key: 'lost', label: 'Lost', category: 'lost' },
      ],
    },
  ],
} as unknown as EntityInfo
const stages = stagesOf(entity)

describe('the stages of an organisation', () => {
  it('are found by key and by label', () => {
    expect(findStage(stages, 'paid PILOT')?.key).toBe('pilot')
    expect(findStage(stages, ' engaging ')?.key).toBe('engaging')
    expect(findStage(stages, 'signed')).toBeUndefined()
  })

  it('are open when the admin who added one gave it no category', () => {
    expect(keysOf(stages, 'open')).toEqual(['engaging', 'pilot'])
  })

  it('count by the settings while open, and fully or not at all when closed', () => {
    const probabilities = { engaging: 25, won: 3 }
    expect(stages.map((stage) => probabilityOf(stage, probabilities))).toEqual([25, null, 100, 0])
  })

  it('are none when the field is hidden', () => {
    expect(stagesOf(null)).toEqual([])
  })
})
