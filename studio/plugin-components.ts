import { type Component, defineAsyncComponent } from 'vue'

/**
 * Vue files that trusted plugins bring, compiled in: the one sanctioned import of plugin files.
 * `plugins/platform/imports/ui/Wizard.vue` is found as `platform.imports:wizard`.
 */
const files = import.meta.glob<{ default: Component }>('../plugins/*/*/ui/*.vue')

const components = new Map<string, Component>()
for (const [file, load] of Object.entries(files)) {
  const match = /plugins\/([^/]+)\/([^/]+)\/ui\/([^/]+)\.vue$/.exec(file)
  if (match)
    components.set(
      `${match[1]}.${match[2]}:${kebab(match[3] ?? '')}`,
      defineAsyncComponent(async () => (await load()).default),
    )
}

/**
 * @param pageRef reference of the page; its plugin is where the component is looked for.
 * @returns null for a plugin that came after the last build.
 */
export function pluginComponent(pageRef: string, name: string): Component | null {
  const plugin = pageRef.split(':')[0] ?? ''
  return components.get(`${plugin}:${kebab(name)}`) ?? null
}

function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()
}
