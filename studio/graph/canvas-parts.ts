/** A node as the canvas draws it. */
export interface CanvasNode {
  readonly key: string
  readonly label: string
  /** What kind it is, under its label. */
  readonly kind?: string
  /** A Lucide name. */
  readonly icon?: string
  /** 1 to 10, a category colour. */
  readonly color?: number
  /** How many problems it has. */
  readonly problems?: number
}

/** A way from one node to another; several between the same two are drawn as one. */
export interface CanvasEdge {
  readonly from: string
  readonly to: string
  readonly label?: string
}

/** A way on that leads nowhere yet. */
export interface CanvasEnd {
  readonly id: string
  readonly from: string
  readonly label?: string
}

export type NodeState = 'done' | 'running' | 'failed' | 'waiting' | 'skipped'

/** What happened on a graph: how far its nodes came, and the ways that were taken. */
export interface GraphOverlay {
  readonly nodes: Readonly<Record<string, NodeState>>
  readonly edges: readonly { readonly from: string; readonly to: string }[]
  /** Instead of a node's kind: how long it took, what it cost. */
  readonly notes?: Readonly<Record<string, string>>
}

/** Where something new may be put. */
export type CanvasPlace =
  | { readonly is: 'edge'; readonly from: string; readonly to: string }
  | { readonly is: 'end'; readonly id: string; readonly from: string }

export const stateIcons: Readonly<Record<NodeState, string>> = {
  done: 'check',
  running: 'loader',
  failed: 'x',
  waiting: 'clock',
  skipped: 'minus',
}

export const nodeSize = { width: 232, height: 54 }
export const endSize = { width: 26, height: 26 }
