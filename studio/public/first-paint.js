// Theme, density and brand before the first paint. A file of its own: the policy allows no inline script.
;(() => {
  const root = document.documentElement
  const isColor = (text) => /^#[0-9a-f]{6}$/i.test(text || '')
  try {
    const kept = JSON.parse(localStorage.getItem('runway.preferences') || '{}')
    if (kept.theme === 'light' || kept.theme === 'dark') root.dataset.theme = kept.theme
    if (kept.density === 'compact') root.dataset.density = 'compact'
    const brand = JSON.parse(localStorage.getItem('runway.brand') || '{}')
    const asked = new URLSearchParams(location.search).get('org')
    if (asked && asked !== brand.slug) return
    if (isColor(brand.color))
      root.style.setProperty(
        '--brand',
        isColor(brand.colorDark) ? `light-dark(${brand.color}, ${brand.colorDark})` : brand.color,
      )
    const icon = brand.favicon || brand.logo
    if (icon) document.querySelector('link[rel=icon]').href = icon
    if (brand.name) document.title = brand.name
  } catch {
    // A full or forbidden storage costs a flash of the default theme, nothing else.
  }
})()
