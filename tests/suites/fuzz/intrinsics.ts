const builtIns: readonly object[] = [
  Object,
  Function,
  Array,
  String,
  Number,
  Boolean,
  Symbol,
  Map,
  Set,
  WeakMap,
  Promise,
  RegExp,
  Date,
  Error,
  JSON,
  Math,
  Reflect,
].flatMap((one) => ('prototype' in one ? [one, one.prototype as object] : [one]))

/** What the built-in objects hold, to be compared with what they hold later. */
export function intrinsics(): string {
  const names = builtIns.map((one) => Reflect.ownKeys(one).map(String).join())
  const probe: Record<string, unknown> = {}
  const inherited: string[] = []
  for (const name in probe) inherited.push(name)
  return [...names, inherited.join()].join('\n')
}
