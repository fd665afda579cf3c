/** What rich text may be made of: the list of the server, kept a second time where it is shown. */
const allowed: ReadonlySet<string> = new Set([
  ...['P', 'BR', 'H1', 'H2', 'H3', 'H4', 'UL', 'OL', 'LI', 'BLOCKQUOTE', 'PRE', 'HR'],
  ...['B', 'STRONG', 'I', 'EM', 'U', 'S', 'CODE', 'A', 'MARK', 'SUB', 'SUP'],
  ...['TABLE', 'THEAD', 'TBODY', 'TR', 'TH', 'TD'],
])
/** Gone with everything in them. */
const dropped: ReadonlySet<string> = new Set([
  ...['SCRIPT', 'STYLE', 'TEMPLATE', 'IFRAME', 'OBJECT', 'EMBED', 'NOSCRIPT', 'TEXTAREA', 'TITLE'],
])
const deepest = 64

/**
 * Rich text as nodes that can run nothing: elements are made anew from the list, and of their
 * attributes links to web, mail and phone alone come along. What is not on the list keeps its text.
 */
export function safeFragment(html: string): DocumentFragment {
  const fragment = document.createDocumentFragment()
  // A document of a parser loads and runs nothing.
  copy(new DOMParser().parseFromString(html, 'text/html').body, fragment, 0)
  return fragment
}

/** On one line, for cells and titles. */
export function plainText(html: string): string {
  const spaced = html.replace(/<(?:br|\/p|\/li|\/h[1-4]|\/tr|\/pre|hr)[^>]*>/g, '$& ')
  return (safeFragment(spaced).textContent ?? '').replace(/\s+/g, ' ').trim()
}

function copy(from: Node, to: Node, depth: number): void {
  for (const node of from.childNodes) {
    if (node.nodeType === 3) to.appendChild(document.createTextNode(node.nodeValue ?? ''))
    if (node.nodeType !== 1 || depth > deepest) continue
    const element = node as Element
    const name = element.tagName.toUpperCase()
    if (dropped.has(name)) continue
    if (!allowed.has(name)) {
      copy(element, to, depth + 1)
      continue
    }
    const made = document.createElement(name)
    const href = name === 'A' ? (element.getAttribute('href') ?? '') : ''
    if (/^(?:https?:\/\/|mailto:|tel:)/i.test(href.trim())) {
      made.setAttribute('href', href.trim())
      made.setAttribute('target', '_blank')
      made.setAttribute('rel', 'noopener noreferrer nofollow')
    }
    copy(element, made, depth + 1)
    to.appendChild(made)
  }
}
