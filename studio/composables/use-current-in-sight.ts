import { onMounted, type Ref, watch } from 'vue'
import { useRoute } from 'vue-router'

/** A long list of places scrolls to the one that is open, so that it shows where one is. */
export function useCurrentInSight(list: Readonly<Ref<HTMLElement | null>>): void {
  const route = useRoute()
  const show = (): void =>
    list.value?.querySelector('[aria-current="page"]')?.scrollIntoView({ block: 'nearest' })
  onMounted(show)
  watch(() => route.path, show, { flush: 'post' })
}
