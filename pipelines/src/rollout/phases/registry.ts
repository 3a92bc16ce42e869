import { stay } from '../move.ts';
import { askingHooks } from './asking-hooks.ts';
import { baking } from './baking.ts';
import { deploying } from './deploying.ts';
import { frozen } from './frozen.ts';
import { inspecting } from './inspecting.ts';
import type { PhaseName, PhaseNamed, PhaseRules } from './phase-rules.ts';
import { retiring } from './retiring.ts';
import { rollbackBlocked, rollingBack } from './rolling-back.ts';
import { promoting, settingWeight } from './shifting.ts';
import { analysing, awaitingApproval, held, paused } from './soaking.ts';
import { stopping } from './stopping.ts';

/** Not begun, or over: nothing happens here. */
const quiet: PhaseRules<PhaseNamed<PhaseName>> = { done: stay, failed: stay, woken: stay, overdue: stay };

export const phaseRules: { readonly [Name in PhaseName]: PhaseRules<PhaseNamed<Name>> } = {
  planned: quiet,
  inspecting,
  stopping,
  deploying,
  'setting-weight': settingWeight,
  paused,
  analysing,
  held,
  'awaiting-approval': awaitingApproval,
  'asking-hooks': askingHooks,
  frozen,
  promoting,
  baking,
  retiring,
  'rolling-back': rollingBack,
  'rollback-blocked': rollbackBlocked,
  succeeded: quiet,
  'rolled-back': quiet,
  refused: quiet,
  // Of rollouts over several clusters, which hear of clusters only.
  delivering: quiet,
  stopped: quiet,
};
