// The main process of a stage's container: a shell that reads what to do from its input and outlives every step.
//
// A step is one piece of shell text, sent whole. Script and values are quoted as data. The step runs in a child whose
// stdout and stderr are the container's own, so the engine keeps what it writes; its input is empty. When it has
// ended, every other process of the container is killed, and only then does the shell print the step's mark: a random
// word that the step cannot know, for it is neither in its environment nor in a file. The same mark is printed before
// the step, so that what is the step's output is plain from the container's output alone, also to another worker
// process that takes over in the middle.
import type { StepCommand } from '../executor.ts';

/** The home of root, as which steps run. */
export const homeFolder = '/root';
/** Where the workspace is seen in the container. */
export const workspaceFolder = '/workspace';
/** Scripts of steps, in the container. */
export const scriptFolder = '/sluice';

/** What the container starts with. */
export const residentCommand: readonly string[] = ['sh', '-s'];

/**
 * To be sent first, once. The shell's own complaints, such as "Killed" for a child, are nobody's output; descriptor 3
 * is the container's stderr from here on. Counts what the kernel killed for memory in $k, and the processes that it
 * refused because there were too many in $p (cgroup v2, then v1).
 */
export const residentPrelude = `exec 3>&2 2>/dev/null
mkdir -p ${scriptFolder}
count_oom() {
  k=0
  for f in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r "$f" ] && while read -r n v; do [ "$n" = oom_kill ] && k=$v; done <"$f"
  done
}
count_pids() {
  for f in /sys/fs/cgroup/pids.events /sys/fs/cgroup/pids/pids.events; do
    [ -r "$f" ] && while read -r n v; do [ "$n" = max ] && p=$v; done <"$f"
  done
}
`;

/**
 * The text that runs one step between two marks on each stream: `<mark> begin` and `<mark> end`; the last on stdout
 * is followed by the exit code and the number of processes that the kernel has killed for memory, and refused,
 * so far instead: `<mark> 137 1 0`. Descriptors are opened anew for each
 * step, because a killed program may leave a shared pipe in a mode that breaks the next one; for the same reason the
 * mark is printed until the pipe takes it.
 */
export function stepProgram({ index, script, shell, env }: StepCommand, mark: string): string {
  const file = `${scriptFolder}/step-${index}`;
  const exported = Object.entries(env).map(([name, value]) => ` ${name}=${quote(value)}`);
  return `printf %s ${quote(script)} >${file}
${print(`'${mark} begin'`, '>&3')}
${print(`'${mark} begin'`)}
(
cd ${workspaceFolder} || exit
${exported.length === 0 ? '' : `export${exported.join('')}`}
exec ${shell} -e ${file}
) </dev/null >>/proc/self/fd/1 2>>/proc/self/fd/3 3>&-
c=$?
[ $$ = 1 ] && kill -9 -1
count_oom
p=0
count_pids
${print(`'${mark} end'`, '>&3')}
${print(`"${mark} $c $k $p"`)}
`;
}

function print(word: string, to = ''): string {
  return `until printf '%s\\n' ${word} ${to}; do sleep 1; done`;
}

/** Inside single quotes only the quote itself has a meaning. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
