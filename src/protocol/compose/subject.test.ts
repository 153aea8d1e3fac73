import { expect, test } from 'vitest'
import { forwardSubject, replySubject } from './subject.ts'

test.each([
  ['Hello', 'Re: Hello', 'Fwd: Hello'],
  ['Re: Hello', 'Re: Hello', 'Fwd: Re: Hello'],
  ['RE:Hello', 'RE:Hello', 'Fwd: RE:Hello'],
  ['Fwd: Hello', 'Re: Fwd: Hello', 'Fwd: Hello'],
  ['FW: Hello', 'Re: FW: Hello', 'FW: Hello'],
  ['Report', 'Re: Report', 'Fwd: Report'],
  ['', 'Re:', 'Fwd:'],
])('%j is answered as %j and passed on as %j', (subject, reply, forward) => {
  expect(replySubject(subject)).toBe(reply)
  expect(forwardSubject(subject)).toBe(forward)
})
