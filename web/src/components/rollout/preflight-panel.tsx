import type { Forecast, Preflight } from '@sluice/pipelines/rollout/preflight-report';
import { formatDuration } from '../../format/duration.ts';
import { formatCount, formatPercent, formatRate } from '../../format/figure.ts';
import { useMessages } from '../../messages/language-context.tsx';

/** What the gate would have done on the service's own past. */
export function PreflightPanel({ preflight }: { readonly preflight: Preflight }) {
  const words = useMessages().rollout.preflight;
  const { pastMs, requestsPerSecond, badShare, forecasts, trials, unknown, budget } = preflight;
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{words.title}</h2>
      </div>
      <div className="panel-body stack">
        <p className="soft">
          {words.past(
            formatDuration(pastMs),
            formatCount(Math.round(requestsPerSecond)),
            formatRate(badShare),
          )}
        </p>
        <table className="preflight">
          <thead>
            <tr>
              <th scope="col">{words.release}</th>
              <th scope="col">{words.failed}</th>
              <th scope="col">{words.within}</th>
              <th scope="col">{words.undecided}</th>
            </tr>
          </thead>
          <tbody>
            {forecasts.map((forecast) => (
              <Row key={forecast.times} forecast={forecast} trials={trials} />
            ))}
          </tbody>
        </table>
        {unknown.length > 0 && <p className="soft">{words.unknown(unknown.join(', '))}</p>}
        {budget !== null && budget.safePercent !== null && (
          <p>{words.safe(formatPercent(budget.safePercent))}</p>
        )}
      </div>
    </section>
  );
}

function Row({ forecast, trials }: { readonly forecast: Forecast; readonly trials: number }) {
  const words = useMessages().rollout.preflight;
  const share = (count: number): string => formatPercent(Math.round((100 * count) / trials));
  return (
    <tr>
      <th scope="row">{forecast.times === 1 ? words.healthy : words.worse(forecast.times)}</th>
      <td>{share(forecast.failed)}</td>
      <td>{forecast.medianMs === null ? '–' : formatDuration(forecast.medianMs)}</td>
      <td>{share(forecast.undecided)}</td>
    </tr>
  );
}
