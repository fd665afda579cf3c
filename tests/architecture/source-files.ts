import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../..')

/** Source files below the root, as paths with forward slashes. */
export function sourceFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: root })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => !file.includes('node_modules/') && !file.includes('/dist/'))
    .sort()
}

export function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

/** What a file imports, static and dynamic, types included. */
export function importsOf(file: string): string[] {
  const text = read(file)
  const found = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g,
    ),
  ]
  return found.map((match) => (match[1] ?? match[2] ?? match[3])!)
}

/** A relative import as a path below the root; others as they are. */
export function target(file: string, specifier: string): string {
  return specifier.startsWith('.')
    ? path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
    : specifier
}
