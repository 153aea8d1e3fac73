/** Works on a few items at once and answers in their order; never more than `count` results wait for whoever takes them. */
export async function* ahead<T, R>(
  items: Iterable<T>,
  count: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  for (const item of items) {
    const result = work(item)
    // One that fails while an earlier one is awaited is told when its turn comes.
    result.catch(() => {})
    running.push(result)
    if (running.length >= count) yield await (running.shift() as Promise<R>)
  }
  for (const result of running) yield await result
}
