// Where messages may go: the public network, and the hosts that the operator allows.
import { lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isPrivateAddress } from '../repositories/private-address.ts';

/** Thrown by the look-up of a name that leads into the private network. */
export class PrivateAddressError extends Error {}

export type Allowed =
  /** `lookup`: to connect with, where names are to be checked; null: the host may lead anywhere. */
  | { readonly kind: 'allowed'; readonly lookup: LookupFunction | null }
  | { readonly kind: 'refused'; readonly problem: string };

/**
 * Whether a host may be spoken to; `privateHosts` may also be reached in the private network (`*`: every one). What a
 * name resolves to is checked as the connection is made, so it cannot change its mind in between.
 */
export function allowedAddress(host: string, privateHosts: readonly string[]): Allowed {
  if (privateHosts.includes('*') || privateHosts.includes(host)) return { kind: 'allowed', lookup: null };
  if (isIP(host) !== 0 && isPrivateAddress(host)) return { kind: 'refused', problem: refusal(host) };
  return { kind: 'allowed', lookup: publicLookup };
}

const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) return callback(error ?? new Error('no address'), '', 4);
    if (addresses.some(({ address }) => isPrivateAddress(address))) {
      return callback(new PrivateAddressError(refusal(hostname)), '', 4);
    }
    if (options.all === true) return callback(null, addresses);
    return callback(null, first.address, first.family);
  });
};

const refusal = (host: string): string =>
  `"${host}" is an address of the private network; the operator can allow it by SLUICE_ALLOW_PRIVATE_HOSTS=${host}`;
