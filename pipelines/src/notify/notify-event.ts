// What people can be told of, and where they want to hear it.
import { z } from 'zod';
import { mailProblem, mailSettings, type MailSettings } from './mail-settings.ts';

export const eventKinds = [
  'run-failed',
  'run-recovered',
  'approval-wanted',
  'rollout-step',
  'rollout-promoted',
  'rollout-rolled-back',
  'rollout-held',
  'rollout-frozen',
  'rollback-blocked',
  'drift',
] as const;
export type EventKind = (typeof eventKinds)[number] | 'test';

export interface NotifyEvent {
  readonly kind: EventKind;
  readonly project: string;
  readonly repository: string;
  /** Of a rollout; null: it is about a run. */
  readonly environment: string | null;
  /** The pipeline, or the version that is rolled out. */
  readonly subject: string;
  /** Null: about no run. */
  readonly run: { readonly number: number; readonly ref: string } | null;
  /** Below the address where people reach the page: `/runs/…`. */
  readonly path: string;
  /** Why; may be empty. Never holds a secret. */
  readonly reason: string;
  readonly at: number;
}

const urgent: ReadonlySet<EventKind> = new Set([
  'run-failed',
  'approval-wanted',
  'rollout-rolled-back',
  'rollout-held',
  'rollback-blocked',
  'test',
]);

/** Failures, approvals and blocks go before all else, also where a vendor lets only a few through. */
export const isUrgent = (kind: EventKind): boolean => urgent.has(kind);

const names = z.array(z.string().trim().min(1).max(300)).max(100).nullable().default(null);

const notifyRule = z.strictObject({
  events: z.array(z.enum(eventKinds, `must be one of ${eventKinds.join(', ')}`)).min(1, 'name an event'),
  /** Null: of every project. */
  projects: names,
  /** Null: of every environment, and of runs. */
  environments: names,
});
export type NotifyRule = z.output<typeof notifyRule>;

export const channelKinds = ['dingtalk', 'feishu', 'wecom', 'slack', 'email', 'webhook'] as const;
export type ChannelKind = (typeof channelKinds)[number];
/** Those that take messages over HTTP. */
export type PostedKind = Exclude<ChannelKind, 'email'>;

export const channelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,48}$/, 'lower-case letters, digits and dashes, at most 49');

export const channelConfig = z
  .strictObject({
    kind: z.enum(channelKinds, `must be one of ${channelKinds.join(', ')}`),
    /** Holds the vendor's token: write only. Of e-mail, the server's: `smtp://host:587`. Absent: the one that is stored. */
    url: z
      .url({
        protocol: /^(https?|smtps?)$/,
        error: 'must be an address that begins with https:// or http://, of e-mail with smtp:// or smtps://',
      })
      .max(2_000)
      .optional(),
    /** Signs messages, or signs in to the mail server; write only. Absent: the one that is stored; null: none. */
    secret: z.string().min(1).max(500).nullable().optional(),
    /** Of e-mail, and of nothing else. */
    mail: mailSettings.optional(),
    language: z.enum(['en', 'zh'], 'must be en or zh').default('en'),
    rules: z.array(notifyRule).max(50).default([]),
  })
  .superRefine(({ kind, url, mail }, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    const isMail = kind === 'email';
    if (isMail && mail === undefined) refuse('mail', 'a channel of e-mail needs it: from and to');
    if (!isMail && mail !== undefined) refuse('mail', 'only a channel of e-mail has it');
    if (url !== undefined && /^smtps?:/i.test(url) !== isMail) {
      refuse('url', isMail ? 'must begin with smtp:// or smtps://' : 'must begin with https:// or http://');
    }
    if (isMail && url !== undefined && /@/.test(url)) {
      refuse('url', 'names the server only: the user goes into mail.user, the password into secret');
    }
    const problem = mail === undefined ? null : mailProblem(mail);
    if (problem !== null) refuse('mail', problem);
  });
export type ChannelConfig = z.output<typeof channelConfig>;

export interface ChannelView {
  readonly name: string;
  readonly kind: ChannelKind;
  /** Of its address; the rest is a secret. */
  readonly host: string;
  /** It has a secret. */
  readonly isSigned: boolean;
  /** Of e-mail only. */
  readonly mail: MailSettings | null;
  readonly language: ChannelConfig['language'];
  readonly rules: readonly NotifyRule[];
}

export interface NotificationView {
  readonly id: string;
  readonly channel: string;
  readonly kind: EventKind;
  readonly subject: string;
  readonly status: 'waiting' | 'sent' | 'dead';
  readonly tries: number;
  readonly at: number;
  /** Why the last try failed. */
  readonly problem: string | null;
}

export const wants = (rules: readonly NotifyRule[], { kind, project, environment }: NotifyEvent): boolean =>
  rules.some(
    (rule) =>
      rule.events.some((event) => event === kind) &&
      (rule.projects === null || rule.projects.includes(project)) &&
      (rule.environments === null || (environment !== null && rule.environments.includes(environment))),
  );
