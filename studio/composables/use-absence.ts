import type { RecordData } from '@runwaycrm/sdk'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

const key = ['approvals', 'absence'] as const
const action = (name: 'set' | 'end') => `platform.approvals:${name}_absence`

export interface Absence {
  readonly from: string
  readonly until: string
  readonly deputyId: string
}

/** From when to when this person is away, and who decides for them. */
export function useAbsence() {
  const { api } = useServices()
  const model = useModel()
  const client = useQueryClient()
  /** Whether their role lets them say so. */
  const canSay = computed(() => model.value.model.actions.some(({ ref }) => ref === action('set')))
  const query = useQuery({
    queryKey: key,
    enabled: canSay,
    queryFn: async () => {
      const filter = { memberId: '@me', until: { $gt: '@now' } }
      return toAbsence((await api.records.list('absences', { filter, limit: 1 })).data[0])
    },
  })
  const refresh = () => client.invalidateQueries({ queryKey: key })
  async function save(absence: Absence): Promise<void> {
    await api.actions.run(action('set'), { ...absence })
    await refresh()
  }
  async function end(): Promise<void> {
    await api.actions.run(action('end'), {})
    await refresh()
  }
  return { canSay, absence: computed(() => query.data.value ?? null), save, end }
}

function toAbsence(record: RecordData | undefined): Absence | null {
  if (!record) return null
  const text = (name: string) => String(record[name] ?? '')
  return { from: text('from'), until: text('until'), deputyId: text('deputyId') }
}
