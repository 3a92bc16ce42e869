import type { EventKind, NotifyEvent } from './notify-event.ts';

export interface Message {
  readonly title: string;
  /** Each a line, the reason last. */
  readonly lines: readonly string[];
  /** Where to look; null: the server does not know its own address. */
  readonly link: string | null;
}

/** In the channel's language, without any markup. `publicUrl`: without a slash at its end. */
export function messageOf(event: NotifyEvent, language: 'en' | 'zh', publicUrl: string | null): Message {
  const { kind, subject, environment, repository, run, reason, path } = event;
  const where = environment === null ? '' : ` → ${environment}`;
  return {
    title: `${titles[language][kind]}: ${subject}${where}`,
    lines: [
      ...(run === null ? [] : [`${repository} · ${run.ref} · #${run.number}`]),
      ...(reason === '' ? [] : [shorten(reason)]),
    ],
    link: publicUrl === null ? null : `${publicUrl}${path}`,
  };
}

const longest = 1_000;
const shorten = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);

const titles: Readonly<Record<'en' | 'zh', Readonly<Record<EventKind, string>>>> = {
  en: {
    'run-failed': 'Failed',
    'run-recovered': 'Works again',
    'approval-wanted': 'Approval wanted',
    'rollout-step': 'Next step',
    'rollout-promoted': 'Promoted',
    'rollout-rolled-back': 'Rolled back',
    'rollout-held': 'Held, a person has to decide',
    'rollout-frozen': 'Frozen',
    'rollback-blocked': 'Rollback blocked, act now',
    drift: 'Changed by hand',
    test: 'Test message',
  },
  zh: {
    'run-failed': '失败',
    'run-recovered': '已恢复',
    'approval-wanted': '等待审批',
    'rollout-step': '下一步',
    'rollout-promoted': '已全量',
    'rollout-rolled-back': '已回滚',
    'rollout-held': '已暂停，需要人工决定',
    'rollout-frozen': '封网中',
    'rollback-blocked': '回滚受阻，请立即处理',
    drift: '被手工改动',
    test: '测试消息',
  },
};
