// What runs in the pod of a stage, in the shell of the stage's image.
//
//   resident   process 1: starts the steps whose numbers it reads from a named pipe, each number at most once, in order
//   console    a shell that the worker runs beside it (exec): puts scripts there, and follows a step's output
//
// A step's output is in two files that nobody cuts, its end in a third, so any worker that comes later reads all of
// it from the first byte. Files: `run` is in memory and holds scripts and environments, `out` is on the node's disk.
// What the worker sends to a console may be sent again after the connection was cut: a number that the resident knows
// is not started twice. Sessions (processes with one `setsid`) that have a file `keep.<id>` outlive the end of a step.
import type { StepCommand } from '../executor.ts';

/** Where the workspace is seen in the pod. */
export const workspaceFolder = '/workspace';
export const runFolder = '/sluice/run';
/** Holds the home of the steps, as their image and user have it. */
export const homeFile = `${runFolder}/home`;
export const outFolder = '/sluice/out';

/**
 * The container's command. `end` of a step holds: exit code, whether the kernel killed a process of it for memory
 * (0 or 1), whether the pod was being ended from outside (0 or 1), whether it was refused new processes (0 or 1).
 */
export const residentProgram = `exec 2>/dev/null
trap 'exit 0' TERM
r=${runFolder} o=${outFolder} last=0
count_oom() {
  k=0
  for f in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r "$f" ] && while read -r name v; do [ "$name" = oom_kill ] && k=$v; done <"$f"
  done
}
count_pids() {
  for f in /sys/fs/cgroup/pids.events /sys/fs/cgroup/pids/pids.events; do
    [ -r "$f" ] && while read -r name v; do [ "$name" = max ] && p=$v; done <"$f"
  done
}
sweep() {
  i=0
  while [ $i -lt 200 ]; do
    i=$((i+1)) found=
    for p in /proc/[0-9]*; do
      p=\${p#/proc/}
      [ "$p" = $$ ] && continue
      read -r stat <"/proc/$p/stat" || continue
      set -- \${stat##*) }
      [ "$1" = Z ] || [ -e "$r/keep.$4" ] || { kill -9 "$p" && found=1; }
    done
    [ -z "$found" ] && return
  done
  kill -9 -1
}
printf '%s\\n' "\${HOME:-/}" >$r/home
mkfifo $r/in && exec 4<>$r/in || exit 3
: >$r/ready
while read -r n <&4; do
  case $n in ''|*[!0-9]*) continue;; esac
  [ "$n" -gt "$last" ] || continue
  last=$n d=$o/$n
  rm -f $r/idle
  mkdir -p $d; : >$d/out; : >$d/err; : >$d/begun
  count_oom; b=$k; p=0; count_pids; q=$p
  (
    cd ${workspaceFolder} || exit
    . $r/$n.env
  ) 4<&- </dev/null >>$d/out 2>>$d/err
  c=$?
  [ $$ = 1 ] && sweep
  count_oom
  count_pids
  m=0; [ "$k" -gt "$b" ] && m=1
  e=0; [ -e $r/ending ] && e=1
  l=0; [ "$p" -gt "$q" ] && l=1
  echo "$c $m $e $l" >$d/end.new && mv $d/end.new $d/end
  : >$r/idle
done
`;

/** Before a pod is ended from outside, as by draining its node: the step may end, and its last lines are read. */
export const farewellProgram = `exec 2>/dev/null
trap '' TERM
r=${runFolder} w=0
: >$r/keep.$$; : >$r/ending
[ -e $r/idle ] || [ ! -e ${outFolder}/1 ] && exit 0
kill -TERM -1
while [ ! -e $r/idle ] && [ $w -lt 200 ]; do
  w=$((w+1)); [ $w = 150 ] && kill -9 -1
  sleep 0.1
done
sleep 2
`;

/** Exit code of whatever comes with a fence lower than the pod's: another worker has taken the pod over. */
export const takenOver = 91;

/** Begins whatever is run beside the resident: refused when another worker with a higher fence has come. */
export function fenceCheck(fence: number): string {
  return `r=${runFolder} o=${outFolder} f=0
[ -r $r/fence ] && read -r f <$r/fence
[ "\${f:-0}" -gt ${fence} ] && exit ${takenOver}
`;
}

/**
 * To be sent to a new console first. Descriptor 3 is its standard error from here on; its own complaints are nobody's
 * output. The console that came last is the one that counts: an older one ends by itself.
 */
export function consolePrelude(fence: number): string {
  return `exec 3>&2 2>/dev/null
trap '' TERM INT HUP
${fenceCheck(fence)}echo ${fence} >$r/fence.$$ && mv $r/fence.$$ $r/fence
: >$r/keep.$$
echo $$ >$r/console.$$ && mv $r/console.$$ $r/console
follow() {
  d=$o/$1 i=0
  until [ -e $d/begun ]; do sleep 0.02; done
  echo "$4 begin"; echo "$4 begin" >&3
  exec 5<$d/out 6<$d/err || exit 92
  [ "$2" = 0 ] || dd bs=1 skip=$2 count=0 <&5
  [ "$3" = 0 ] || dd bs=1 skip=$3 count=0 <&6
  while :; do
    e=; [ -e $d/end ] && e=1
    cat <&5 || exit 92
    cat <&6 >&3 || exit 92
    [ -n "$e" ] && break
    read -r c <$r/console; [ "$c" = $$ ] || exit 90
    if [ $i -lt 40 ]; then i=$((i+1)); sleep 0.03; else sleep 0.1; fi
  done
  exec 5<&- 6<&-
  read -r c <$d/end
  echo "$4 end" >&3; echo "$4 $c"
}
`;
}

/** Text for a console: starts a step under this number unless it was started before. */
export function startProgram(
  number: number,
  { index, try: tryNumber, script, shell, env }: StepCommand,
): string {
  const file = `${runFolder}/${number}`;
  const exported = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  const begin = `rm -f ${file}.env\n${exported.join('')}exec ${shell} -e ${file}.script\n`;
  return `if [ ! -e $o/${number}/begun ]; then
echo ${index} ${tryNumber} >${file}.index
printf %s ${quote(script)} >$r/new.$$ && mv $r/new.$$ ${file}.script &&
printf %s ${quote(begin)} >$r/new.$$ && mv $r/new.$$ ${file}.env &&
echo ${number} >$r/in
fi
`;
}

/**
 * Text for a console: passes on a step's output from these bytes on, between the marks of \`marked-output.ts\`; after
 * the last one stands what the step's \`end\` holds.
 */
export function followProgram(
  number: number,
  from: { readonly stdout: number; readonly stderr: number },
  mark: string,
): string {
  return `follow ${number} ${from.stdout} ${from.stderr} ${mark}\n`;
}

/** A program of its own: every process of the step gets the signal; the resident, and the console, do not end by it. */
export function signalProgram(fence: number, name: 'TERM' | 'KILL'): string {
  return `${fenceCheck(fence)}kill -${name} -1`;
}

/** A program of its own: ends everything that runs in the container, the resident too. */
export function endProgram(fence: number): string {
  return `${fenceCheck(fence)}kill -9 -1; kill -TERM 1`;
}

/**
 * A program of its own: prints `filled`, then the number, the index and the try of each step that was begun; nothing
 * when the workspace was never filled.
 */
export const stateProgram = `r=${runFolder} o=${outFolder} n=1
[ -e $r/filled ] || exit 0
echo filled
while [ -e $o/$n/begun ]; do
  read -r i t <$r/$n.index
  echo "$n $i \${t:-1}"
  n=$((n+1))
done
`;

/** Inside single quotes only the quote itself has a meaning. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
