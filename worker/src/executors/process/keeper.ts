// What stands between a worker and a step on its host: a small shell that outlives the worker. It starts the step,
// passes what the step writes on to files, and writes down how it ended.
//
//   (nothing) ─► begun ─► ended ─► copied-out, copied-err
//
// Each is a file in the step's own folder. `begun` can be made only once: by the keeper when it starts the step, or by
// a worker that takes over and finds that the step was not begun, and now never will be. So no step runs twice.
import type { StepCommand } from '../executor.ts';

/** Files in a step's folder. */
export const stepFiles = {
  script: 'script',
  /** The keeper's line of /proc/<pid>/stat: who it is, and since when. */
  begun: 'begun',
  stdout: 'out',
  stderr: 'err',
  /** Has a line as soon as the step's own shell runs, with all that isolates it in place. */
  entered: 'entered',
  /** The exit code. */
  ended: 'ended',
  /** All that was written has arrived in `stdout` and `stderr`. */
  copied: ['copied-out', 'copied-err'],
} as const;

/** The keeper cannot be asked to run half a program: a worker that dies while it sends one has started nothing. */
const programEnd = '# the end of the program';

/**
 * Arguments of `sh` that make it a keeper, in a session of its own. It reads the step's program from its input.
 * `groups`: files of control groups that the step's processes join. `command`: a shell that reads the program, wrapped
 * in whatever isolates it. Output goes through pipes, because a step may cut a file that it is given as /dev/stdout.
 */
export function keeperArguments(
  folder: string,
  groups: readonly string[],
  command: readonly string[],
): readonly string[] {
  return ['-c', keeper, 'sluice-keeper', folder, ...groups, '--', ...command];
}

const keeper = `cd "$1" || exit 1
shift
program=$(cat)
case $program in *'${programEnd}') ;; *) exit 1 ;; esac
IFS= read -r stat </proc/$$/stat
set -C
printf '%s\\n' "$stat" >${stepFiles.begun} || exit 1
set +C
enter() {
  while [ "$1" != -- ]; do printf 0 >"$1" || exit 126; shift; done
  shift
  exec "$@"
}
run() {
  printf '%s\\n' "$program" | (enter "$@") 9>${stepFiles.entered}
  c=$?
  until printf '%s\\n' "$c" >${stepFiles.ended}.new && mv -f ${stepFiles.ended}.new ${stepFiles.ended}; do sleep 1; done
}
{ run "$@" 2>&1 >&3 3>&- | { cat >>${stepFiles.stderr} && : >${stepFiles.copied[1]}; } 3>&-; } 3>&1 |
  { cat >>${stepFiles.stdout} && : >${stepFiles.copied[0]}; }
`;

/**
 * The text that runs one step. Values are quoted as data and stand in no argument. The shell's own complaints, such as
 * "Killed" for a child, are nobody's output; it survives SIGTERM, so that the step's own way to end counts.
 */
export function stepProgram(
  { shell, env }: StepCommand,
  {
    workspace,
    script,
    pids,
  }: { readonly workspace: string; readonly script: string; readonly pids: number | null },
): string {
  const exported = Object.entries(env).map(([name, value]) => ` ${name}=${quote(value)}`);
  return `{
echo >&9
exec 9>&-
exec 3>&2 2>/dev/null
trap : HUP INT TERM
(
${limitOfProcesses(pids)}
cd ${quote(workspace)} || exit
${exported.length === 0 ? '' : `export${exported.join('')}`}
exec ${shell} -e ${quote(script)} 2>&3 3>&-
) </dev/null
exit $?
}
${programEnd}`;
}

/** For a shell where no control group limits them. */
export const limitOfProcesses = (pids: number | null): string =>
  pids === null ? '' : `ulimit -u ${pids} || ulimit -p ${pids} # as bash and dash call it`;

/** Inside single quotes only the quote itself has a meaning. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
