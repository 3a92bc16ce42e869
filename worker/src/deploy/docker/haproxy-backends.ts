// The backends that users' requests go to. A container is a server of the same name in each of them.

/** Requests that are shared out by weight. */
export const shared = 'service';

/** Requests that are chosen for the new version, whatever its weight. */
export const chosen = 'chosen';
