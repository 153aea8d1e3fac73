import { type Permission, permissions } from '../../core/accounts/model.ts'
import { invalid } from '../../core/errors.ts'

/** Core's `mailbox_read` is `inbox_read` here, and `project_read` is `pod_read`. */
export function printPermission(permission: string): string {
  return permission.replace(/^mailbox_/, 'inbox_').replace(/^project_/, 'pod_')
}

const byName = new Map(permissions.map((p) => [printPermission(p), p]))

/** The white list in a `{name: true}` object; absent is everything. */
export function parsePermissions(given: Record<string, boolean> | null | undefined): Permission[] | null {
  if (!given) return null
  return Object.entries(given).flatMap(([name, allowed]) => {
    const permission = byName.get(name)
    if (!permission) throw invalid(['permissions', name], 'is not a permission')
    return allowed ? [permission] : []
  })
}

export function printPermissions(list: readonly Permission[] | null): Record<string, boolean> | null {
  return list && Object.fromEntries(list.map((p) => [printPermission(p), true]))
}
