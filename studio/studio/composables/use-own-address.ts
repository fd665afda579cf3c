import { computed, provide, reactive } from 'vue'
import { createMemoryHistory, createRouter, routeLocationKey, routerKey } from 'vue-router'

/**
 * Gives what is drawn below an address of its own, in memory: a list keeps its view and its filter there,
 * and must not take those of the page around it.
 */
export function provideOwnAddress(query: Readonly<Record<string, string>> = {}): void {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:path(.*)*', component: { render: () => null } }],
  })
  void router.push({ path: '/', query })
  const part = <K extends keyof typeof router.currentRoute.value>(key: K) =>
    computed(() => router.currentRoute.value[key])
  provide(routerKey, router)
  provide(
    routeLocationKey,
    reactive({
      path: part('path'),
      name: part('name'),
      params: part('params'),
      query: part('query'),
      hash: part('hash'),
      fullPath: part('fullPath'),
      matched: part('matched'),
      meta: part('meta'),
      redirectedFrom: part('redirectedFrom'),
    }),
  )
}
