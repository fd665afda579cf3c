import { readFileSync, writeFileSync } from 'node:fs'
import { kernelPoints, Manifest } from './index.ts'

/**
 * Writes `plugin.schema.json`, by which editors complete manifests: the envelope, and under
 * `contributes` the definitions of the kernel's own points. Points of plugins are open there.
 *
 * Run with `node sdk/build-schema.ts`; with `--check` it only tells whether the file is up to date.
 */
const file = new URL('./plugin.schema.json', import.meta.url)

export function pluginSchema(): string {
  const envelope = JSON.parse(JSON.stringify(Manifest))
  envelope.properties.contributes = {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(kernelPoints).map(([name, point]) => [
        name,
        { description: point.label, type: 'object', additionalProperties: point.schema },
      ]),
    ),
    additionalProperties: { type: 'object' },
  }
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Manifest of a RunwayCRM plugin',
    ...envelope,
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}

/** Whether the file says what the types say. */
export function isUpToDate(): boolean {
  try {
    return (
      JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))) ===
      JSON.stringify(JSON.parse(pluginSchema()))
    )
  } catch {
    return false
  }
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) writeFileSync(file, pluginSchema())
  else if (!isUpToDate()) {
    console.error('sdk/plugin.schema.json is out of date: run node sdk/build-schema.ts')
    process.exitCode = 1
  }
}
