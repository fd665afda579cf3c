const tones: Readonly<Record<string, string>> = {
  ...{ done: 'success', failed: 'danger', waiting: 'warn', running: 'info' },
}

/** How a badge shows the state of a run; plain for those that rest or were cancelled. */
export const runTone = (status: string): string | undefined => tones[status]
