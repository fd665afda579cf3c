// Theme, density and brand before the first paint. A file of its own: the policy allows no inline script.
;(() => {
  const root = document.documentElement
  try {
    const kept = JSON.parse(localStorage.getItem('runway.preferences') || '{}')
    if (kept.theme === 'light' || kept.theme === 'dark') root.dataset.theme = kept.theme
    if (kept.density === 'compact') root.dataset.density = 'compact'
    const brand = localStorage.getItem('runway.brand')
    if (brand && /^#[0-9a-f]{6}$/i.test(brand)) root.style.setProperty('--brand', brand)
  } catch {
    // A full or forbidden storage costs a flash of the default theme, nothing else.
  }
})()
