/** The worst first, as a plan is read. */
export const severities = [
  { name: 'destructive', tone: 'danger', icon: 'trash-2' },
  { name: 'breaking', tone: 'warn', icon: 'triangle-alert' },
  { name: 'safe', tone: 'success', icon: 'check' },
] as const

/** What is typed before something goes: the key of the field or object, without its plugin. */
export function keyToType(path: readonly string[] | string): string {
  const steps = typeof path === 'string' ? path.split('/') : path
  const last = steps.at(-1) ?? ''
  return last.slice(last.lastIndexOf(':') + 1)
}
