// Installs packages of the distribution, where we may: as root on Debian or Ubuntu. Says so before it does.
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Say } from './say.ts';

export const canInstall = (): boolean => process.getuid?.() === 0 && existsSync('/etc/debian_version');

/** Finds a program on PATH or in the administrators' folders, which a service's PATH may lack. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  for (const folder of folders) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return null;
}

/**
 * Makes sure that a program exists and gives its path. Throws an error that says what to install where it is
 * missing and we may not install it.
 */
export function ensureProgram(program: string, aptPackage: string, purpose: string, say: Say): string {
  const found = findProgram(program);
  if (found !== null) return found;
  if (!canInstall()) {
    throw new Error(
      `${program} is missing (${purpose}). Install it (Debian: apt-get install ${aptPackage}) and start again.`,
    );
  }
  say(`installing ${aptPackage} (${purpose})`);
  install(aptPackage);
  const installed = findProgram(program);
  if (installed === null) throw new Error(`${aptPackage} was installed but has no ${program}`);
  return installed;
}

let isUpdated = false;

function install(aptPackage: string): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  if (!isUpdated) spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  isUpdated = true;
  withoutServices(() => {
    const apt = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', aptPackage], {
      encoding: 'utf8',
      env,
    });
    if (apt.status !== 0) throw new Error(`apt-get install ${aptPackage} failed:\n${apt.stderr.trim()}`);
  });
}

/** A package that is installed for us must not start a service of its own. */
function withoutServices(act: () => void): void {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) {
    writeFileSync(policy, '#!/bin/sh\nexit 101\n');
    chmodSync(policy, 0o755);
  }
  try {
    act();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}
