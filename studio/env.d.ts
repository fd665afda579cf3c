/// <reference types="vite/client" />

declare module '@lucide/vue/dist/esm/icons/index.mjs' {
  import type { Component } from 'vue'

  const all: Readonly<Record<string, Component>>
  export = all
}
