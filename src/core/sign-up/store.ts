import type { OrgId } from '../ids.ts'
import type { SignUp } from './model.ts'

export interface SignUpReader {
  get(org: OrgId): Promise<SignUp | undefined>
  byHumanEmail(address: string): Promise<SignUp | undefined>
}

export interface SignUpWriter extends SignUpReader {
  /** Makes or replaces. */
  put(signUp: SignUp): Promise<void>
}
