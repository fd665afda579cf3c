/** A name as SQL takes it. Names come from checked definitions; the quotes are the second belt. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text constant. Only for names of definitions: values of records are always parameters. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
