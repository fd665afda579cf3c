import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

/** Where `vite` in development finds a running kernel. */
const api = process.env['RUNWAY_DEV_API'] ?? 'http://127.0.0.1:3000'

/** Libraries that every page needs, kept apart so that a new release of ours does not refetch them. */
const libraries: Readonly<Record<string, RegExp>> = {
  vue: /node_modules\/(?:@vue|vue|vue-router|vue-i18n|@intlify)\//,
  data: /node_modules\/@tanstack\//,
  controls: /node_modules\/(?:reka-ui|@floating-ui|@vueuse|aria-hidden|defu|ohash)\//,
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  plugins: [vue(), tailwind()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    outDir: 'dist',
    // `light-dark()` and relative colours stay as written; older browsers are not supported.
    target: ['chrome123', 'firefox128', 'safari18'],
    cssTarget: ['chrome123', 'firefox128', 'safari18'],
    // A strict content security policy has no `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // All icons of Lucide, loaded when a model names one that is not in the first set.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: Object.entries(libraries).map(([name, test]) => ({ name, test })),
        },
      },
    },
  },
  server: { proxy: { '/api': { target: api, ws: true } } },
})
