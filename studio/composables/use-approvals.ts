import type { Filter } from '@runwaycrm/sdk'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, onScopeDispose, type Ref } from 'vue'
import { type ApprovalTab, toApproval } from '../model/approval.ts'
import { useServices } from './use-services.ts'

const key = ['approvals'] as const
const gatherMs = 200
const atOnce = 100

const filters: Readonly<Record<Exclude<ApprovalTab, 'waiting'>, Filter>> = {
  asked: { askedById: '@me' },
  decided: { decidedById: '@me' },
}

/** What waits for this person, what they asked for and what they decided; the socket says when to look again. */
export function useApprovals(tab: Ref<ApprovalTab>, id: Ref<string | null>) {
  const { api, live } = useServices()
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: key })

  const list = useQuery({
    queryKey: computed(() => [...key, 'list', tab.value]),
    queryFn: async () => {
      const which = tab.value
      if (which === 'waiting') return (await api.approvals.waiting()).map(toApproval)
      const query = { filter: filters[which], sort: '-createdAt', limit: atOnce }
      return (await api.records.list('approvals', query)).data.map(toApproval)
    },
  })
  const one = useQuery({
    queryKey: computed(() => [...key, 'one', id.value]),
    enabled: computed(() => id.value !== null),
    retry: false,
    queryFn: async () => {
      const { record, ...state } = await api.approvals.state(id.value ?? '')
      return { ...state, approval: toApproval(record), record }
    },
  })

  let timer: ReturnType<typeof setTimeout> | undefined
  const look = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void refresh(), gatherMs)
  }
  const stop = live.subscribe([{ topic: 'approvals' }], { onEvent: look, onResync: look })
  onScopeDispose(() => {
    stop()
    clearTimeout(timer)
  })

  return { list, one, refresh }
}
