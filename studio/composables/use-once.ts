import { type Ref, ref, watch } from 'vue'

/** True from the first time `source` is: a dialog that is loaded then stays, with what was chosen in it. */
export function useOnce(source: () => boolean): Readonly<Ref<boolean>> {
  const was = ref(source())
  watch(source, (is) => {
    was.value ||= is
  })
  return was
}
