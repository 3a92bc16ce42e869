// One question to somebody else's service. A pipeline file chooses the address, so it must not lead to what only this
// worker can reach: addresses inside the network are called only where the operator has named their host.
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Hook } from '@sluice/pipelines/language/definition';
import type { ActionClaim } from '@sluice/pipelines/protocol/worker-api';
import type { ActionResult } from '@sluice/pipelines/rollout/rollout-state';
import { addressClass, withoutBrackets } from '../registry/address-class.ts';
import { DeployProblem, messageOf } from './deploy-problem.ts';
import { timeLimit } from '../time-limit.ts';

export interface HookParts {
  /** Hosts inside the network that hooks may call; `*`: all of them. */
  readonly hookHosts: readonly string[];
}

/** 2xx agrees; everything else, also no answer in time, does not, and the message says what came. */
export async function callHook(
  claim: ActionClaim,
  name: string,
  { hookHosts }: HookParts,
  signal: AbortSignal,
): Promise<ActionResult> {
  const hook = claim.spec.work.hooks?.find((one) => one.name === name);
  if (hook === undefined) throw new DeployProblem('no-hook', `The stage has no hook "${name}".`);
  const url = new URL(hook.url);
  try {
    const address = await allowedAddress(url, hookHosts);
    const limit = AbortSignal.any([signal, timeLimit(hook.timeoutMs)]);
    const answer = await post(url, address, JSON.stringify(question(claim, hook)), limit);
    const agrees = answer.status >= 200 && answer.status < 300;
    const words = answer.text === '' ? '' : `: ${answer.text}`;
    return { result: 'answered', agrees, message: `answered ${answer.status}${words}` };
  } catch (error) {
    const isSlow = error instanceof Error && error.name === 'TimeoutError';
    const message = isSlow
      ? `no answer within ${hook.timeoutMs / 1_000} s`
      : `no answer: ${messageOf(error)}`;
    return { result: 'answered', agrees: false, message };
  }
}

/** The words of Flagger's webhooks, and who asks. */
function question({ rolloutId, spec, project }: ActionClaim, hook: Hook) {
  const { environment, version, image } = spec;
  const { name, type, metadata } = hook;
  return { name, type, project, environment, version, image, rollout: rolloutId, metadata };
}

/** What is connected to is what was checked: a name cannot come to mean another address in between. */
async function allowedAddress(url: URL, hookHosts: readonly string[]): Promise<string> {
  const host = withoutBrackets(url.hostname);
  const addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map((one) => one.address) : [host];
  const isNamed = hookHosts.some((one) => one === '*' || one === host || one === url.host);
  const inner = addresses.find((address) => addressClass(address) !== 'public');
  if (inner !== undefined && !isNamed) {
    throw new Error(
      `${url.host} lies inside the worker's network; its operator can allow it with SLUICE_HOOK_HOSTS=${url.host}`,
    );
  }
  const [first] = addresses;
  if (first === undefined) throw new Error(`${host} has no address`);
  return first;
}

/** As much of an answer as a log line holds. */
const mostBytes = 300;

function post(
  url: URL,
  address: string,
  body: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(
      url,
      {
        method: 'POST',
        agent: false,
        headers: { 'content-type': 'application/json', 'user-agent': 'sluice' },
        lookup: (_host, { all }, answer) => {
          const family = isIP(address);
          if (all === true) answer(null, [{ address, family }]);
          else answer(null, address, family);
        },
        signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        let length = 0;
        const end = (): void => {
          const text = Buffer.concat(chunks).subarray(0, mostBytes).toString().trim();
          resolve({ status: response.statusCode ?? 0, text: text.replaceAll(/[\s\p{Cc}]+/gu, ' ') });
        };
        response.on('data', (chunk: Buffer) => {
          length += chunk.length;
          chunks.push(chunk);
          if (length < mostBytes) return;
          end();
          response.destroy();
        });
        response.on('end', end);
        response.on('error', reject);
      },
    );
    request.on('error', (error) => reject(signal.reason instanceof Error ? signal.reason : error));
    request.end(body);
  });
}
