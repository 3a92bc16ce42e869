// Whether and how a job runs: rules, only, except and when → one condition.
import { and, atom, no, not, or, yes, type Cel } from './cel.ts';
import { changed, itemsOf, textOf, type Conversion } from './conversion.ts';
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import { gitlabCondition, gitlabRef, type ConditionContext } from './gitlab-conditions.ts';
import type { GitlabJob } from './gitlab-jobs.ts';
import { takeKeys } from './take-keys.ts';

export interface GitlabFate {
  /** Undefined: as every stage, after success of what it needs. */
  readonly condition: string | undefined;
  readonly isManual: boolean;
  readonly mayFail: boolean;
}

interface Context extends ConditionContext {
  readonly workflow: Cel;
}

export function gitlabFate(context: Context, job: GitlabJob): GitlabFate {
  const { conversion } = context;
  const when = textOf(job.keys.get('when')?.value);
  const rules = job.keys.get('rules');
  const decided = rules === undefined ? filters(context, job) : ruleFate(context, rules, when);
  const own = statusOf(conversion, when, job.keys.get('when'));
  const status = rules === undefined ? own : (decided.status ?? own);
  const condition = and(...(status === null ? [] : [status]), context.workflow, decided.condition);
  return {
    condition: condition.text === 'true' ? undefined : condition.text,
    isManual: rules === undefined ? when === 'manual' : decided.isManual,
    mayFail: decided.mayFail,
  };
}

interface Decided {
  readonly condition: Cel;
  readonly isManual: boolean;
  readonly mayFail: boolean;
  readonly status: Cel | null;
}

/** Null: success of what is needed, the common case. */
function statusOf(conversion: Conversion, when: string | null, entry: MapEntry | undefined): Cel | null {
  switch (when) {
    case 'always':
      return atom('always()');
    case 'on_failure':
      return atom('failure()');
    case 'never':
      return no;
    case 'delayed':
      if (entry !== undefined)
        changed(conversion, entry.value, {
          what: 'when: delayed',
          why: 'the stage does not wait for a time.',
        });
      return null;
    default:
      return null;
  }
}

/** The first rule that fits decides; where none does, the job does not run. */
function ruleFate(context: Context, entry: MapEntry, when: string | null): Decided {
  let condition = no;
  const kinds = new Set<string>();
  let mayFail = false;
  for (const rule of flatRules(entry.value).toReversed()) {
    const keys = takeKeys(context.conversion, rule, 'rule');
    const written = keys.get('if');
    const word = textOf(keys.get('when')?.value) ?? when ?? 'on_success';
    const parsed =
      written === undefined ? yes : gitlabCondition(context, textOf(written.value) ?? '', written.value);
    if (parsed === null) continue;
    if (word === 'never') {
      condition = hasFileFilter(rule) ? condition : and(not(parsed), condition);
      continue;
    }
    condition = or(parsed, condition);
    kinds.add(word);
    const allowed = keys.get('allow_failure')?.value;
    mayFail ||= allowed?.kind === 'scalar' && allowed.value === true;
  }
  const [kind, other] = [...kinds];
  if (other !== undefined)
    changed(context.conversion, entry.keySpan, {
      what: 'rules',
      why: `they say ${[...kinds].join(' and ')} for different events; the stage has the strictest of them.`,
      whatToDo: 'Split it into a stage for each.',
    });
  const isManual = kinds.has('manual');
  const only = other === undefined ? (kind ?? null) : null;
  return {
    condition,
    isManual,
    mayFail: mayFail && !isManual,
    status: statusOf(context.conversion, only, undefined),
  };
}

/** A rule that is narrowed by files, which the condition leaves out. */
const hasFileFilter = (rule: SourceNode): boolean =>
  rule.kind === 'map' && rule.entries.some(({ key }) => key === 'changes' || key === 'exists');

const flatRules = (node: SourceNode): readonly SourceNode[] =>
  itemsOf(node)
    .flatMap((item) => (item.kind === 'list' ? item.items : [item]))
    .slice(0, 100);

/** Without `only`, branches and tags, but no merge requests. */
function filters(context: Context, job: GitlabJob): Decided {
  const only = job.keys.get('only');
  const except = job.keys.get('except');
  const isOpen = context.workflow.text !== 'true' || !context.hasMergeRequests;
  const usual = isOpen ? yes : atom("event != 'pull_request'");
  const condition = and(
    only === undefined ? usual : filterOf(context, only, usual),
    except === undefined ? yes : not(filterOf(context, except, no)),
  );
  return { condition, isManual: false, mayFail: false, status: null };
}

function filterOf(context: Context, entry: MapEntry, otherwise: Cel): Cel {
  const { value } = entry;
  if (value.kind !== 'map') return refsOf(context, value);
  const keys = takeKeys(context.conversion, value, 'filter');
  const refs = keys.get('refs');
  const variables = keys.get('variables');
  const asked = itemsOf(variables?.value).flatMap(
    (item) => gitlabCondition(context, textOf(item) ?? '', item) ?? [],
  );
  if (refs === undefined && variables === undefined) return otherwise;
  return and(
    refs === undefined ? yes : refsOf(context, refs.value),
    variables === undefined ? yes : or(...asked),
  );
}

const refsOf = (context: Context, node: SourceNode): Cel =>
  or(
    ...itemsOf(node)
      .slice(0, 100)
      .flatMap((item) => {
        const text = textOf(item);
        return text === null ? [] : [gitlabRef(context, text, item)];
      }),
  );
