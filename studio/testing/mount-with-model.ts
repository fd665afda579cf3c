import type { EntityInfo } from '@runwaycrm/sdk'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { type Component, computed, defineComponent, h, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { createApi } from '../api/create-api.ts'
import { createHttp } from '../api/http.ts'
import { createConflicts } from '../composables/use-conflicts.ts'
import { createFlashes } from '../composables/use-flashes.ts'
import { provideFormat } from '../composables/use-format.ts'
import { createLanes } from '../composables/use-lanes.ts'
import { modelKey } from '../composables/use-model.ts'
import { createOutbox } from '../composables/use-outbox.ts'
import { createPalette } from '../composables/use-palette.ts'
import { providePeople } from '../composables/use-people.ts'
import { createPreferences } from '../composables/use-preferences.ts'
import { createPreview } from '../composables/use-preview.ts'
import { createRefusals } from '../composables/use-refusals.ts'
import { createReports } from '../composables/use-reports.ts'
import { type Services, servicesKey } from '../composables/use-services.ts'
import { createSession } from '../composables/use-session.ts'
import { createTitles } from '../composables/use-titles.ts'
import { createToasts } from '../composables/use-toasts.ts'
import { createUndo } from '../composables/use-undo.ts'
import { createMessages } from '../i18n/messages.ts'
import { indexModel } from '../model/model-index.ts'
import { sampleModel } from './sample-model.ts'

/** A request as the answering function of a test sees it. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly ifMatch: string | null
}
interface Answer {
  readonly status?: number
  readonly body: unknown
}
export type Answering = (asked: Asked) => Answer | Promise<Answer>

/** Mounts a component inside the shell's services, against a server that is a function. */
export function mountWithModel(
  component: Component,
  props: Record<string, unknown>,
  answer: Answering = () => ({ body: { data: [], page: { nextCursor: null } } }),
  /** In the places of those of the sample with the same references. */
  entities: readonly EntityInfo[] = [],
) {
  const asked: Asked[] = []
  const http = createHttp({
    fetch: async (input, init) => {
      const url = new URL(String(input), 'http://runway.test')
      const request: Asked = {
        method: init?.method ?? 'GET',
        path: url.pathname.replace('/api/v1', ''),
        query: url.searchParams,
        body: typeof init?.body === 'string' ? JSON.parse(init.body) : null,
        ifMatch: new Headers(init?.headers).get('if-match'),
      }
      asked.push(request)
      const { status = 200, body } = await answer(request)
      return new Response(status === 204 ? null : JSON.stringify(body), {
        status,
        headers: {
          'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
        },
      })
    },
  })
  const api = createApi(http)
  const services: Services = {
    api,
    live: {
      subscribe: () => () => {},
      onModel: () => () => {},
      startFrom: () => {},
      resume: () => {},
      close: () => {},
    },
    toasts: createToasts(),
    undo: createUndo(),
    session: createSession(localStorage, globalThis),
    preferences: createPreferences(localStorage, document.createElement('div')),
    titles: createTitles(api),
    palette: createPalette(),
    preview: createPreview(),
    flashes: createFlashes(),
    outbox: createOutbox(),
    lanes: createLanes(),
    refusals: createRefusals(),
    conflicts: createConflicts(),
    reports: createReports(),
  }
  const Shell = defineComponent({
    setup(_, { slots }) {
      providePeople()
      provideFormat()
      return () => slots['default']?.()
    },
  })
  const known = sampleModel.entities.filter((one) => entities.every(({ ref }) => ref !== one.ref))
  const model = computed(() => indexModel({ ...sampleModel, entities: [...entities, ...known] }))
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:path(.*)*', component: { render: () => null } }],
  })
  const wrapper = mount(
    defineComponent(() => () => h(Shell, () => h(component, props))),
    {
      attachTo: document.body,
      global: {
        plugins: [router, [VueQueryPlugin, { queryClient }], createMessages(ref('en'))],
        provide: { [servicesKey as symbol]: services, [modelKey as symbol]: model },
      },
    },
  )
  return { wrapper, asked, services, component: wrapper.findComponent(component) }
}
