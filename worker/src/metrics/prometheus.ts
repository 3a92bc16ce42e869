// Instant queries for raw counters.
import { z } from 'zod';
import { messageOf } from '../deploy/deploy-problem.ts';
import { timeLimit } from '../time-limit.ts';

export type QueryAnswer =
  /** Value by series; empty: the query found none. A value that is not a number is left out. */
  | { readonly kind: 'series'; readonly series: Readonly<Record<string, number>> }
  | { readonly kind: 'error'; readonly message: string };

export interface PrometheusQuery {
  /** Base address, such as `http://prometheus:9090`. */
  readonly url: string;
  readonly query: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What the samples must be: raw counters, or values of a gauge, where NaN is no value. */
  readonly samples?: 'counters' | 'values';
  readonly signal: AbortSignal;
}

const timeoutMs = 10_000;
const longestAnswer = 4 * 2 ** 20;
const mostSeries = 5_000;

/** Never rejects: what a source of metrics may do wrong is an answer. */
export async function queryPrometheus({
  url,
  query,
  at,
  signal,
  samples = 'counters',
}: PrometheusQuery): Promise<QueryAnswer> {
  try {
    const body = { query, time: (at / 1_000).toFixed(3) };
    const { text, status } = await askPrometheus(url, 'query', body, signal);
    return parseAnswer(text, status, samples);
  } catch (error) {
    return failed(`${url} does not answer: ${reasonOf(error)}`);
  }
}

/** Posts to one door of the API and gives what it answers, at most 4 MB. Rejects when it does not answer. */
export async function askPrometheus(
  url: string,
  door: 'query' | 'query_range',
  body: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly status: number }> {
  const base = url.endsWith('/') ? url : `${url}/`;
  const response = await fetch(new URL(`api/v1/${door}`, base), {
    method: 'POST',
    body: new URLSearchParams({ ...body, timeout: `${timeoutMs}ms` }),
    redirect: 'manual',
    signal: AbortSignal.any([signal, timeLimit(timeoutMs)]),
  });
  if (response.status >= 300 && response.status < 400) {
    throw new Error(`it redirects (${response.status}): give its own address in the environment`);
  }
  return { text: await readLimited(response), status: response.status };
}

const answer = z.object({
  status: z.literal('success'),
  data: z.discriminatedUnion('resultType', [
    z.object({
      resultType: z.literal('vector'),
      result: z.array(
        z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
      ),
    }),
    z.object({ resultType: z.literal('scalar'), result: z.tuple([z.number(), z.string()]) }),
  ]),
});
const refusal = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

export function parseAnswer(
  text: string,
  status: number,
  kind: 'counters' | 'values' = 'counters',
): QueryAnswer {
  const body = parseJson(text);
  const refused = refusal.safeParse(body);
  if (refused.success) return failed(`${refused.data.errorType}: ${refused.data.error}`);
  const parsed = answer.safeParse(body);
  if (!parsed.success) {
    return failed(
      `status ${status} and no instant vector: is it a Prometheus, and is the query an instant one?`,
    );
  }
  const { data } = parsed.data;
  const samples =
    data.resultType === 'scalar'
      ? [{ key: '{}', text: data.result[1] }]
      : data.result.map(({ metric, value }) => ({ key: seriesKey(metric), text: value[1] }));
  return readSamples(samples, kind);
}

function readSamples(
  samples: readonly { readonly key: string; readonly text: string }[],
  kind: 'counters' | 'values',
): QueryAnswer {
  if (samples.length > mostSeries) {
    return failed(
      `${samples.length} series, more than ${mostSeries}: sum them, for example with \`sum by (pod)\``,
    );
  }
  const series: Record<string, number> = {};
  for (const { key, text } of samples) {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (kind === 'values' && text === 'NaN') continue;
    if (!Number.isFinite(value) || value < 0) return failed(`${key} is ${text}, ${refusalOf[kind]}`);
    if (Object.hasOwn(series, key)) return failed(`${key} comes twice: give the query one metric`);
    series[key] = value;
  }
  return { kind: 'series', series };
}

const refusalOf = {
  counters: 'which is not a count: use raw counters without rate() and division',
  values: 'which cannot be compared: a value must be a number from 0 up',
};

/** The label set in one spelling, without the metric's name. */
function seriesKey(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== '__name__');
  return `{${pairs
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;
}

const failed = (message: string): QueryAnswer => ({ kind: 'error', message: `Prometheus: ${message}` });

async function readLimited(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longestAnswer) throw new Error('the answer is longer than 4 MB; sum the series');
  }
  return Buffer.concat(chunks).toString();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** fetch hides the reason, such as ECONNREFUSED, in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause) || messageOf(error);
}
