import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import App from './App.vue'
import { ApiError } from './api/api-error.ts'
import { createApi } from './api/create-api.ts'
import { createHttp } from './api/http.ts'
import { createLive } from './api/live.ts'
import { createConflicts } from './composables/use-conflicts.ts'
import { createFlashes } from './composables/use-flashes.ts'
import { createLanes } from './composables/use-lanes.ts'
import { createOutbox } from './composables/use-outbox.ts'
import { createPalette } from './composables/use-palette.ts'
import { createPreferences } from './composables/use-preferences.ts'
import { createPreview, previewHeaders } from './composables/use-preview.ts'
import { createRefusals } from './composables/use-refusals.ts'
import { createReports } from './composables/use-reports.ts'
import { servicesKey } from './composables/use-services.ts'
import { createSession } from './composables/use-session.ts'
import { createTitles } from './composables/use-titles.ts'
import { createToasts } from './composables/use-toasts.ts'
import { createUndo } from './composables/use-undo.ts'
import { createMessages } from './i18n/messages.ts'
import { routes } from './routes.ts'
import './styles/index.css'

const router = createRouter({
  history: createWebHistory(),
  routes: [...routes],
  scrollBehavior: (_to, _from, saved) => saved ?? false,
})
/** How long an answer is shown before it is asked for again by the next page that needs it. */
const keptMs = 15_000
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: keptMs,
      // What the server has judged stays judged; only a lost connection is tried again.
      retry: (count, error) =>
        count < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
    },
  },
})
const outbox = createOutbox(sessionStorage)
const preferences = createPreferences(localStorage, document.documentElement)
const preview = createPreview(sessionStorage)
const session = createSession(localStorage, globalThis)
const http = createHttp({
  fetch: globalThis.fetch.bind(globalThis),
  language: () => [preferences.language.value, ...navigator.languages].filter(Boolean).join(','),
  createUpload: () => new XMLHttpRequest(),
  headersFor: (path) => previewHeaders(preview, path),
  onAnswer: (isAnswered) => {
    outbox.isAway.value = !isAnswered
  },
  as: session.as,
  onOtherSession: session.lost,
  onUnauthenticated: () => {
    if (router.currentRoute.value.meta['isPublic'] === true) return
    if (session.as() !== null) session.lost('ended')
    else void client.invalidateQueries({ queryKey: ['model'] })
  },
})
const api = createApi(http)

createApp(App)
  .use(router)
  .use(VueQueryPlugin, { queryClient: client })
  .use(createMessages(preferences.language))
  .provide(servicesKey, {
    api,
    preferences,
    session,
    toasts: createToasts(),
    undo: createUndo(sessionStorage),
    titles: createTitles(api),
    palette: createPalette(),
    preview,
    flashes: createFlashes(),
    outbox,
    lanes: createLanes(),
    refusals: createRefusals(),
    conflicts: createConflicts(),
    reports: createReports(),
    live: createLive({
      open: (url) => new WebSocket(url),
      origin: location.origin,
      random: Math.random,
      keptMs,
    }),
  })
  .mount('#app')
