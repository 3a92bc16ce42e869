import type { WhenBusy } from '@sluice/pipelines/language/definition';
import type { Ticket } from '@sluice/pipelines/schedule/decide-turns';

/** Tables of who goes before whom. */
export interface FairnessTables {
  fair_shares: FairShareTable;
  project_limits: ProjectLimitTable;
  group_tickets: GroupTicketTable;
}

/** What a project was given of a pool; see `decideGrants`. */
interface FairShareTable {
  pool: string;
  project: string;
  start_tag: number;
  grants: number;
}

/** A project without a row has weight 1 and no limit. */
interface ProjectLimitTable {
  project: string;
  weight: number;
  max_running_stages: number | null;
  max_open_runs: number | null;
  updated_at: number;
  updated_by: string;
}

/** Made with the run, gone when the run or the stage has ended; see `decideTurns`. */
interface GroupTicketTable {
  run_id: string;
  /** Empty: the whole run. */
  stage: string;
  /** Groups of two repositories have nothing to do with each other. */
  repository_id: string;
  group_name: string;
  run_number: number;
  state: Ticket['state'];
  when_busy: WhenBusy;
  since: number;
}
