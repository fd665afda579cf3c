/** Kinds that the server takes as they are. */
const taken = new Set(['image/png', 'image/jpeg', 'image/webp'])

/**
 * A picture file as a data address that is short enough: as it is when it fits, else drawn anew and smaller
 * until it does. A vector picture is drawn too, so that nothing of what it could carry is kept.
 *
 * @param edge the longest edge in px to begin with. @param most characters.
 * @throws when the browser cannot read it.
 */
export async function shrunkPicture(file: Blob, edge: number, most: number): Promise<string> {
  if (taken.has(file.type) && file.size * 1.34 < most) {
    const whole = await dataAddress(file)
    if (whole.length <= most) return whole
  }
  const image = await loaded(URL.createObjectURL(file))
  const longest = Math.max(image.naturalWidth, image.naturalHeight) || edge
  for (let size = Math.min(edge, longest); size >= 16; size = Math.floor(size * 0.75)) {
    const scale = size / longest
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round((image.naturalWidth || edge) * scale))
    canvas.height = Math.max(1, Math.round((image.naturalHeight || edge) * scale))
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
    const drawn = canvas.toDataURL('image/webp', 0.86)
    if (drawn.length <= most) return drawn
  }
  throw new Error('The picture does not fit.')
}

function dataAddress(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(file)
  })
}

function loaded(url: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => resolve(image)
    image.onerror = () => reject(new Error('This is no picture.'))
    image.src = url
  }).finally(() => URL.revokeObjectURL(url)) as Promise<HTMLImageElement>
}
