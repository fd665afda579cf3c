import { describe, expect, it } from 'vitest'
import { drawMail } from './draw-mail.ts'

const mail = {
  subject: 'Join <us>',
  text: 'Ann & Bob\nwrite.\n\nhttps://crm.test/accept?org=a#token=x\n\nMore: https://crm.test/help',
  action: { label: 'Accept "now"', url: 'https://crm.test/accept?org=a#token=x' },
  language: 'de',
}

describe('a mail in the look of an organisation', () => {
  const html = drawMail(mail, {
    name: '<Acme> & Sons',
    color: '#ffe600',
    logo: 'data:image/png;base64,AAAA',
    mailFooter: 'Quay 1\n<b>Oslo</b>',
  })

  it('escapes every text, whoever wrote it', () => {
    expect(html).toContain('Ann &amp; Bob<br>write.')
    expect(html).toContain('&lt;Acme&gt; &amp; Sons')
    expect(html).toContain('Quay 1<br>&lt;b&gt;Oslo&lt;/b&gt;')
    expect(html).toContain('<title>Join &lt;us&gt;</title>')
    expect(html).not.toMatch(/<b>|<us>|<Acme>/)
  })

  it('makes a button of its action, whose words read well on a light colour too', () => {
    expect(html).toMatch(
      /<a href="https:\/\/crm\.test\/accept\?org=a#token=x" style="[^"]*background:#ffe600;color:#[01][0-9a-f]{5};[^"]*">Accept &quot;now&quot;<\/a>/,
    )
    expect(html.match(/token=x/g)).toHaveLength(1)
    expect(html).toContain('<a href="https://crm.test/help" style="color:#')
  })

  it('says its language and carries its logo', () => {
    expect(html).toContain('<html lang="de">')
    expect(html).toContain('<img src="data:image/png;base64,AAAA"')
    expect(drawMail(mail, { name: 'Plain' })).not.toContain('<img')
  })

  it('has a colour of its own when the organisation wants one for mails', () => {
    const other = drawMail(mail, { name: 'A', color: '#ffe600', mailColor: '#1d4ed8' })
    expect(other).toContain('border-top:4px solid #1d4ed8')
    expect(other).not.toContain('#ffe600')
  })
})
