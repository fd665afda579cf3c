import { onScopeDispose } from 'vue'

/** `mod+k` is Cmd on a Mac and Ctrl elsewhere; `g l` is one key after the other. */
export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>

const sequenceMs = 900

/**
 * Keys that work anywhere but in inputs and while a dialog or a menu is open, whose keys they are then;
 * those with `mod` work there as well.
 */
export function useShortcuts(shortcuts: () => Shortcuts): void {
  let before = ''
  let timer: ReturnType<typeof setTimeout> | undefined

  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return
    const key = keyName(event)
    const isTyping = typesInto(event.target) || isCovered()
    if (isTyping && !key.startsWith('mod+')) return
    const known = shortcuts()
    const run = (before && known[`${before} ${key}`]) || known[key]
    clearTimeout(timer)
    before = run || isTyping ? '' : key
    timer = setTimeout(() => {
      before = ''
    }, sequenceMs)
    if (!run) return
    event.preventDefault()
    run(event)
  }
  globalThis.addEventListener('keydown', onKey)
  onScopeDispose(() => globalThis.removeEventListener('keydown', onKey))
}

function keyName(event: KeyboardEvent): string {
  const mod = event.metaKey || event.ctrlKey ? 'mod+' : ''
  const shift = event.shiftKey && event.key.length > 1 ? 'shift+' : ''
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  return mod + shift + (mod && event.shiftKey && event.key.length === 1 ? 'shift+' : '') + key
}

function typesInto(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && target.type === 'checkbox')
  )
}

/** Also when nothing in the layer has the focus. */
const isCovered = (): boolean =>
  document.querySelector(':is([role=dialog], [role=menu])[data-state=open]') !== null

/** How a shortcut is written on this device. */
export const modSign = (): string =>
  /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? '') ? '⌘' : 'Ctrl '
