interface Ffi {
  dlopen(
    path: null,
    symbols: { malloc_trim: { arguments: ['u64']; return: 'i32' } },
  ): { functions: { malloc_trim(pad: bigint): number } }
}

let trim: (() => void) | undefined

/**
 * Returns to the system what the C library keeps of freed memory: with glibc, after a load, more than is in use. Other libraries
 * have no such call, or no need of it, and there this does nothing.
 */
export function trimHeap(): void {
  trim ??= open()
  trim()
}

function open(): () => void {
  try {
    const { malloc_trim: call } = loadFfi().dlopen(null, {
      malloc_trim: { arguments: ['u64'], return: 'i32' },
    }).functions
    return () => void call(0n)
  } catch {
    return () => {}
  }
}

// That it is experimental is no news for operators: the server does without it as well.
function loadFfi(): Ffi {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:ffi') as unknown as Ffi
  } finally {
    process.emitWarning = emitWarning
  }
}
