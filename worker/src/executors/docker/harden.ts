import type Docker from 'dockerode';

/** Enough for a large build; a fork bomb meets it in a moment. */
export const defaultPidsLimit = 4_096;

/**
 * What every container of a stage gets: no way to more rights, few capabilities, a limit of processes. The
 * capabilities are those of `apt-get install`, `npm ci` as root, and of entry points that change to a user of their
 * own (PostgreSQL, Redis): changing owners and modes of files, changing users, ending other users' processes, ports
 * below 1024. Not among them: raw packets, device nodes, mounts, changing the audit log.
 */
export function hardened(pids: number | null): Docker.HostConfig {
  return {
    SecurityOpt: ['no-new-privileges'],
    CapDrop: ['ALL'],
    CapAdd: [
      'CHOWN',
      'DAC_OVERRIDE',
      'FOWNER',
      'FSETID',
      'SETUID',
      'SETGID',
      'SETFCAP',
      'KILL',
      'NET_BIND_SERVICE',
    ],
    PidsLimit: pids ?? defaultPidsLimit,
  };
}
