import { describe, expect, it } from 'vitest'
import { newSecret, signedHeaders } from './sign.ts'

describe('the signature of a message', () => {
  it('is the one that the specification gives as its example', () => {
    const headers = signedHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: 1_614_265_330,
      body: '{"test": 2432232314}',
    })
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })

  it('stands there once for each secret that counts', () => {
    const message = { id: 'msg_1', at: 1, body: '{}' }
    const [one, two] = [newSecret(), newSecret()]
    const both = signedHeaders([one, two], message)['webhook-signature']
    const alone = [one, two].map((secret) => signedHeaders([secret], message)['webhook-signature'])
    expect(both).toBe(alone.join(' '))
    expect(alone[0]).not.toBe(alone[1])
  })

  it('is made with 32 bytes that nobody guesses', () => {
    const secret = newSecret()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(newSecret()).not.toBe(secret)
  })
})
