/** What the program of a thread says once it has loaded: from here on its tasks have a deadline. */
export const ready = { ready: true } as const
