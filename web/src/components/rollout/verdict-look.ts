import {
  IconCircleCheckFilled,
  IconCircleXFilled,
  IconHelpCircle,
  IconHourglassHigh,
  IconPlugConnectedX,
} from '@tabler/icons-react';
import type { Verdict } from '@sluice/pipelines/rollout/rollout-state';

export const verdictLook = {
  pass: { Icon: IconCircleCheckFilled, color: 'var(--state-succeeded)' },
  fail: { Icon: IconCircleXFilled, color: 'var(--state-failed)' },
  'need-more': { Icon: IconHourglassHigh, color: 'var(--state-awaiting-approval)' },
  'no-data': { Icon: IconHelpCircle, color: 'var(--state-held)' },
  error: { Icon: IconPlugConnectedX, color: 'var(--state-held)' },
} as const satisfies Record<Verdict['kind'], unknown>;
