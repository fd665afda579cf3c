import { computed, nextTick, type Ref, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { type Mentionable, mentionAt, mentionable, mentionOf } from '../model/mention.ts'
import { useAbout } from './use-about.ts'
import { usePeople } from './use-people.ts'
import { useServices } from './use-services.ts'

/** Where a mention is written. */
export interface MentionTarget {
  /** The text that the caret stands in, and where; null when it stands in none. */
  read(): { readonly text: string; readonly caret: number } | null
  /** Puts words in the place of those from `start` to the caret, which goes behind them. */
  replace(start: number, caret: number, words: string): void
}

export interface Mention {
  readonly offered: Readonly<Ref<readonly Mentionable[]>>
  readonly index: Ref<number>
  /** The caret may have moved. */
  look(): void
  close(): void
  choose(person: Mentionable): void
  /** Arrows, Enter, Tab and Escape are the list's while it is open. @returns whether it was one of them. */
  onKey(event: KeyboardEvent): boolean
}

/** Colleagues that are offered behind an `@` in a text; whoever writes is told whom the record is hidden from. */
export function useMention(target: MentionTarget): Mention {
  const { api, toasts } = useServices()
  const { t } = useI18n()
  const about = useAbout()
  const directory = usePeople()
  const at = ref<{ readonly text: string; readonly caret: number } | null>(null)
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
  const place = computed(() => (at.value ? mentionAt(at.value.text, at.value.caret) : null))
  const offered = computed(() => (place.value ? mentionable(people.value, place.value.words) : []))

  function look(): void {
    at.value = target.read()
    index.value = 0
  }
  function close(): void {
    at.value = null
  }
  function choose(person: Mentionable): void {
    if (!place.value || !at.value) return
    const { caret } = at.value
    target.replace(place.value.start, caret, mentionOf(person, people.value))
    close()
    void warn(person)
  }
  async function warn({ id, name }: Mentionable): Promise<void> {
    const record = about()
    if (!record) return
    // Nobody is kept from writing by a question that got no answer.
    const reaches = await api.records.reachesMention(record, id).catch(() => true)
    if (!reaches) toasts.show({ tone: 'danger', text: t('composer.notReached', { name }) })
  }

  return {
    offered,
    index,
    look,
    close,
    choose,
    onKey(event) {
      const count = offered.value.length
      if (count === 0 || event.isComposing || event.metaKey || event.ctrlKey) return false
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      if (step !== undefined) index.value = (index.value + step + count) % count
      else if (event.key === 'Enter' || event.key === 'Tab') choose(offered.value[index.value]!)
      else if (event.key === 'Escape') close()
      else return false
      event.preventDefault()
      event.stopPropagation()
      return true
    },
  }
}

/** A text of its own, whole. */
export function textMention(
  element: Readonly<Ref<HTMLInputElement | HTMLTextAreaElement | null>>,
  text: Ref<string>,
): MentionTarget {
  return {
    read: () => {
      const caret = element.value?.selectionStart
      return typeof caret === 'number' ? { text: text.value, caret } : null
    },
    replace(start, caret, words) {
      const rest = text.value.slice(caret).replace(/^ /, '')
      text.value = `${text.value.slice(0, start)}${words}${rest}`
      const end = start + words.length
      void nextTick(() => {
        element.value?.focus()
        element.value?.setSelectionRange(end, end)
        element.value?.dispatchEvent(new Event('input'))
      })
    },
  }
}

/** A page of rich text: the mention is within the run of letters that the caret stands in. */
export function pageMention(page: Readonly<Ref<HTMLElement | null>>): MentionTarget {
  const node = (): Text | null => {
    const selection = getSelection()
    const found = selection?.isCollapsed ? selection.anchorNode : null
    return found instanceof Text && page.value?.contains(found) ? found : null
  }
  return {
    read: () => {
      const found = node()
      return found ? { text: found.data, caret: getSelection()?.anchorOffset ?? 0 } : null
    },
    replace(start, caret, words) {
      const found = node()
      if (!found) return
      getSelection()?.setBaseAndExtent(found, start, found, caret)
      // As if it had been typed, so that the browser's own undo takes it back.
      document.execCommand('insertText', false, words.replace(/ $/, '\u00a0'))
    },
  }
}
