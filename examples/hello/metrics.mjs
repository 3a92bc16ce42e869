// Counters in the Prometheus text format (prometheus.io/docs/instrumenting/exposition_formats).

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** @param {string} version Label of every sample, so that two versions can be compared. */
export function createMetrics(version) {
  const label = `version="${version.replace(/[\\"\n]/g, '_')}"`;
  const requestsByCode = new Map([
    [200, 0],
    [500, 0],
  ]);
  const inBucket = bucketsSeconds.map(() => 0);
  let requests = 0;
  let seconds = 0;

  return {
    /** @param {number} code @param {number} duration in seconds */
    count: (code, duration) => {
      requestsByCode.set(code, (requestsByCode.get(code) ?? 0) + 1);
      requests += 1;
      seconds += duration;
      bucketsSeconds.forEach((bound, index) => {
        if (duration <= bound) inBucket[index] += 1;
      });
    },
    text: () =>
      [
        '# HELP http_requests_total Requests answered, by status code.',
        '# TYPE http_requests_total counter',
        ...[...requestsByCode].map(
          ([code, count]) => `http_requests_total{code="${code}",${label}} ${count}`,
        ),
        '# HELP http_request_duration_seconds Time from request to answer.',
        '# TYPE http_request_duration_seconds histogram',
        ...bucketsSeconds.map(
          (bound, index) => `http_request_duration_seconds_bucket{le="${bound}",${label}} ${inBucket[index]}`,
        ),
        `http_request_duration_seconds_bucket{le="+Inf",${label}} ${requests}`,
        `http_request_duration_seconds_sum{${label}} ${seconds}`,
        `http_request_duration_seconds_count{${label}} ${requests}`,
        '',
      ].join('\n'),
  };
}
