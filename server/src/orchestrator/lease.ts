/** How long a worker may be silent before what it holds is taken from it. Its heartbeat is far shorter. */
export const leaseMs = 20_000;

/** How long a worker that hands over what it runs may take until its next process has taken that up. */
export const handOverMs = 60_000;
