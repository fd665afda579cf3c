import { useQueryClient } from '@tanstack/vue-query'
import { ref } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { ApiError, issuesByField } from '../api/api-error.ts'

/** Sending a form of the door: one request at a time, problems at their fields, then into the app. */
export function useSignForm() {
  const route = useRoute()
  const router = useRouter()
  const client = useQueryClient()
  const isSending = ref(false)
  const failure = ref<unknown>(null)
  const problems = ref<Readonly<Record<string, string>>>({})

  async function send(work: () => Promise<unknown>): Promise<boolean> {
    if (isSending.value) return false
    isSending.value = true
    failure.value = null
    problems.value = {}
    try {
      await work()
      return true
    } catch (error) {
      problems.value = issuesByField(error)
      if (!(error instanceof ApiError) || error.issues.length === 0) failure.value = error
      return false
    } finally {
      isSending.value = false
    }
  }
  /** To where somebody wanted to go, but never to another site. */
  async function enter(): Promise<void> {
    client.clear()
    const next = route.query['next']
    const path = typeof next === 'string' && /^\/(?!\/)/.test(next) ? next : '/'
    await router.replace(path)
  }
  const token = (): string => {
    const value = route.query['token'] ?? new URLSearchParams(route.hash.slice(1)).get('token')
    return typeof value === 'string' ? value : ''
  }
  return { isSending, failure, problems, send, enter, token }
}
