/** Texts by key, as many as fit; the one that was not asked for the longest goes first. */
export interface TextCache {
  get(key: string): string | undefined
  set(key: string, text: string): void
  /** What is kept, as counted against the limit. */
  readonly bytes: number
}

/**
 * @param mostBytes of keys and texts together, two bytes for each UTF-16 unit: what they take at most. A text that
 *   would not fit alone is not kept.
 */
export function createTextCache(mostBytes: number): TextCache {
  const texts = new Map<string, string>()
  let bytes = 0
  const sizeOf = (key: string, text: string) => 2 * (key.length + text.length)

  function drop(key: string): void {
    const text = texts.get(key)
    if (text === undefined) return
    texts.delete(key)
    bytes -= sizeOf(key, text)
  }

  return {
    get(key) {
      const text = texts.get(key)
      if (text === undefined) return undefined
      texts.delete(key)
      texts.set(key, text)
      return text
    },
    set(key, text) {
      drop(key)
      const size = sizeOf(key, text)
      if (size > mostBytes) return
      for (const oldest of texts.keys()) {
        if (bytes + size <= mostBytes) break
        drop(oldest)
      }
      texts.set(key, text)
      bytes += size
    },
    get bytes() {
      return bytes
    },
  }
}
