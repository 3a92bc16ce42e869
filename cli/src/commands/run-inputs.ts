// `sluice runs inputs`: what can be started by hand, and what each pipeline asks for.
import { formatDiagnostic } from '@sluice/pipelines/language/format-diagnostic';
import { describeInput } from '@sluice/pipelines/plan/check-inputs';
import type { ManualInput, ManualStart } from '@sluice/pipelines/plan/manual-start';
import type { ManualStartsView } from '@sluice/pipelines/protocol/api';
import { unreachable } from '@sluice/pipelines/result';
import pc from 'picocolors';
import type { ApiClient } from '../api-client.ts';
import { chooseRepository } from './start.ts';

export interface RunInputsOptions {
  /** Needed where the server knows more than one. */
  readonly repository?: string;
  /** Default: the repository's default branch. */
  readonly branch?: string;
  /** Default: the branch's head. */
  readonly commit?: string;
  readonly json: boolean;
}

/** For people, or the server's answer as JSON. */
export async function showRunInputs(api: ApiClient, options: RunInputsOptions): Promise<string> {
  const repository = await chooseRepository(api, options.repository);
  const branch = options.branch ?? repository.defaultBranch;
  const query = new URLSearchParams({ repository: repository.fullName, branch });
  if (options.commit !== undefined) query.set('commit', options.commit);
  const view = await api.call<ManualStartsView>('GET', `/api/manual-starts?${query.toString()}`);
  if (options.json) return JSON.stringify(view, null, 2);
  return view.pipelines.map((start) => formatStart(start, view.environments)).join('\n');
}

function formatStart(start: ManualStart, environments: readonly string[]): string {
  const head = `${pc.bold(start.pipeline)} ${pc.dim(start.file)}`;
  switch (start.kind) {
    case 'broken':
      return [`${pc.bold(start.file)}  cannot be read:`, ...start.diagnostics.map(formatDiagnostic)].join(
        '\n',
      );
    case 'not-by-hand':
      return `${head}  is not started by hand: there is no manual below its on`;
    case 'startable':
      return start.inputs.length === 0
        ? `${head}  asks for nothing`
        : [head, ...inputLines(start.inputs, environments)].join('\n');
    default:
      return unreachable(start);
  }
}

function inputLines(inputs: readonly ManualInput[], environments: readonly string[]): readonly string[] {
  const rows = inputs.map((input) => [
    input.name,
    kindOf(input, environments),
    input.default === null ? 'must be given' : `default ${JSON.stringify(input.default)}`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row, index) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    const description = inputs[index]?.description;
    return `  ${description === undefined ? cells.trimEnd() : `${cells}  ${pc.dim(description)}`}`;
  });
}

function kindOf(input: ManualInput, environments: readonly string[]): string {
  return input.type === 'environment' && environments.length > 0
    ? `an environment: ${environments.join(', ')}`
    : describeInput(input);
}
