import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['test/support/postgres-setup.ts'],
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // A second try is printed as one, and is a bug to be found; it must not hold up everybody else's work meanwhile.
    retry: process.env.CI ? 1 : 0,
    reporters: ['default'],
  },
})
