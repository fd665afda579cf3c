/** One column from 320 px on, light and dark, in either direction. Colours of the brand are put before it. */
export const publicStyle = `
:root{color-scheme:light dark;--ink:#1b1f27;--ink-2:#4a5160;--page:#f5f6f8;--surface:#fff;--line:#8a91a0;--soft:#e3e6ec;--wrong:#a3201d;--wrong-soft:#fdeceb}
@media(prefers-color-scheme:dark){:root{--ink:#eef0f4;--ink-2:#b7bdc9;--page:#101216;--surface:#17191f;--line:#7d8494;--soft:#2a2e37;--wrong:#ffb1ab;--wrong-soft:#3d1c1b}}
*{box-sizing:border-box}
body{margin:0;background:var(--surface);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
main{max-inline-size:560px;margin-inline:auto;padding:24px 20px 40px;background:var(--surface)}
@media(min-width:640px){body{padding-block:32px;background:var(--page)}main{padding:32px 40px 40px;border:1px solid var(--soft);border-radius:12px}}
header{display:flex;align-items:center;gap:10px;margin-block-end:20px;color:var(--ink-2);font-weight:600}
header img{max-block-size:40px;max-inline-size:180px}
h1{margin:0 0 8px;font-size:24px;line-height:1.25;letter-spacing:-.01em}
p{margin:0 0 12px;color:var(--ink-2);white-space:pre-line}
form{margin-block-start:20px}
.field{margin:0 0 18px;padding:0;border:0;min-inline-size:0}
label,legend{display:block;padding:0;font-weight:600;font-size:15px;margin-block-end:6px}
input:not([type=checkbox]),select,textarea{display:block;inline-size:100%;min-block-size:44px;padding:9px 12px;border:1px solid var(--line);border-radius:8px;background:var(--surface);color:var(--ink);font:inherit}
textarea{resize:vertical}
.box{display:flex;gap:10px;align-items:flex-start;font-weight:400;padding-block:4px;margin:0}
.box input{inline-size:20px;block-size:20px;margin:2px 0 0;accent-color:var(--brand);flex:none}
.help{margin:6px 0 0;font-size:14px}
.wrong,.problem{margin:6px 0 0;font-size:14px;color:var(--wrong)}
.problem{margin:0 0 18px;padding:10px 12px;border-radius:8px;background:var(--wrong-soft);font-size:15px}
[aria-invalid=true]{border-color:var(--wrong)!important}
button{min-block-size:44px;padding:10px 20px;border:0;border-radius:8px;background:var(--brand);color:var(--on-brand);font:inherit;font-weight:600;cursor:pointer}
:focus-visible{outline:2px solid var(--ink-brand);outline-offset:2px}
.trap{position:absolute;inset-inline-start:-9999px;inline-size:1px;block-size:1px;overflow:hidden}
`
