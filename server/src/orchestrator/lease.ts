/** How long a worker may be silent before what it holds is taken from it. Its heartbeat is far shorter. */
export const leaseMs = 20_000;
