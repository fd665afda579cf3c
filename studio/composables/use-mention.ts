import { computed, nextTick, type Ref, ref } from 'vue'
import { type Mentionable, mentionAt, mentionable, withMention } from '../model/mention.ts'
import { usePeople } from './use-people.ts'

/** Colleagues that are offered behind an `@` in a text. */
export function useMention(element: Ref<HTMLTextAreaElement | null>, text: Ref<string>) {
  const directory = usePeople()
  const caret = ref(-1)
  const index = ref(0)
  const people = computed<readonly Mentionable[]>(() =>
    directory.list.value
      .filter((person) => person['active'] !== false)
      .map((person) => ({
        id: person.id,
        name: String(person['name'] ?? ''),
        email: String(person['email'] ?? ''),
      })),
  )
  const place = computed(() => (caret.value < 0 ? null : mentionAt(text.value, caret.value)))
  const offered = computed(() => (place.value ? mentionable(people.value, place.value.words) : []))

  function look(): void {
    caret.value = element.value?.selectionStart ?? -1
    index.value = 0
  }
  function close(): void {
    caret.value = -1
  }
  async function choose(person: Mentionable): Promise<void> {
    if (!place.value) return
    const done = withMention(text.value, place.value, person, people.value)
    text.value = done.text
    close()
    await nextTick()
    element.value?.focus()
    element.value?.setSelectionRange(done.caret, done.caret)
  }

  return {
    offered,
    index,
    look,
    close,
    choose,
    /** Arrows, Enter, Tab and Escape are the list's while it is open. */
    onKey(event: KeyboardEvent): void {
      const count = offered.value.length
      if (count === 0 || event.isComposing || event.metaKey || event.ctrlKey) return
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      if (step !== undefined) index.value = (index.value + step + count) % count
      else if (event.key === 'Enter' || event.key === 'Tab')
        void choose(offered.value[index.value]!)
      else if (event.key === 'Escape') close()
      else return
      event.preventDefault()
      event.stopPropagation()
    },
  }
}
