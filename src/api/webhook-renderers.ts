import type { WebhookRenderer } from '../core/webhooks/renderer.ts'
import { agentsWebhooks } from './agents/webhook-renderer.ts'
import { automationWebhooks } from './automation/webhook-renderer.ts'
import { disposableWebhooks } from './disposable/webhook-renderer.ts'

/** How each dialect tells events to webhooks. */
export const webhookRenderers: readonly WebhookRenderer[] = [agentsWebhooks, automationWebhooks, disposableWebhooks]
