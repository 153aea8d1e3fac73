import type { MessageChange } from './label-command.ts'
import { checkLabels } from './labels.ts'

/** The change with its labels in the form they are kept in. */
export function checkChange(change: MessageChange): MessageChange {
  const { labels, addLabels, removeLabels } = change
  return {
    ...change,
    ...(labels && { labels: checkLabels(labels) }),
    ...(addLabels && { addLabels: checkLabels(addLabels, 'add_labels') }),
    ...(removeLabels && { removeLabels: checkLabels(removeLabels, 'remove_labels') }),
  }
}
