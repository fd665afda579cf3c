import { type EntityInfo, optionsOf } from '@runwaycrm/sdk'

/** A stage as this organisation has it; an admin may have added some. */
export interface Stage {
  readonly key: string
  readonly label: string
  readonly category: 'open' | 'won' | 'lost'
}

/** The stages in order. One that an admin added without a category is open. */
export function stagesOf(entity: EntityInfo | null): readonly Stage[] {
  return optionsOf(entity, 'stage').map(({ key, label, category }) => ({
    key,
    label,
    category: category === 'won' || category === 'lost' ? category : 'open',
  }))
}

/** By key, or by label with case aside. */
export function findStage(stages: readonly Stage[], text: string): Stage | undefined {
  const wanted = text.trim().toLowerCase()
  return (
    stages.find((stage) => stage.key === wanted) ??
    stages.find((stage) => stage.label.toLowerCase() === wanted)
  )
}

/**
 * Percent by which a deal in that stage counts.
 * @returns null for an open stage that the settings do not name.
 */
export function probabilityOf(
  stage: Stage,
  probabilities: Readonly<Record<string, number>>,
): number | null {
  if (stage.category !== 'open') return stage.category === 'won' ? 100 : 0
  return probabilities[stage.key] ?? null
}

/** Keys of the stages of one category. */
export function keysOf(stages: readonly Stage[], category: Stage['category']): string[] {
  return stages.filter((stage) => stage.category === category).map((stage) => stage.key)
}
