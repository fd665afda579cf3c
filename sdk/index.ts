/** The public promise: what plugins, the kernel and the studio may import. */
export * from './condition.ts'
export * from './context.ts'
export * from './errors.ts'
export * from './field-type.ts'
export * from './handlers.ts'
export * from './manifest.ts'
export * from './points.ts'
export * from './principal.ts'
