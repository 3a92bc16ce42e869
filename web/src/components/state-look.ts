import {
  IconArrowBackUp,
  IconArrowBackUpDouble,
  IconBan,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleHalf2,
  IconCircleMinus,
  IconCircleXFilled,
  IconClock,
  IconHandStop,
  IconPlayerPauseFilled,
  IconRefresh,
  type Icon,
} from '@tabler/icons-react';
import type { StateName } from '../state/state-name.ts';

/** The icon of each state; its colour is `--state-<name>`, its word is in the messages. */
export const stateIcons = {
  waiting: IconCircleDashed,
  queued: IconClock,
  retrying: IconRefresh,
  running: IconCircleHalf2,
  'awaiting-approval': IconHandStop,
  succeeded: IconCircleCheckFilled,
  failed: IconCircleXFilled,
  cancelled: IconBan,
  skipped: IconCircleMinus,
  held: IconPlayerPauseFilled,
  'rolling-back': IconArrowBackUp,
  'rolled-back': IconArrowBackUpDouble,
} as const satisfies Record<StateName, Icon>;

export const stateColor = (state: StateName): string => `var(--state-${state})`;
