import { Link } from 'react-router';
import type { AttemptView, ReportPoint, ReportsView } from '@sluice/pipelines/protocol/api';
import type { TestCase } from '@sluice/pipelines/reports/test-report';
import { useReports } from '../api/queries.ts';
import { formatCount, formatLatency, formatRate } from '../format/figure.ts';
import { useMessages } from '../messages/language-context.tsx';
import { coverageChange, flakyByTest, notableTests } from '../state/test-figures.ts';
import { ProblemCard } from './problem-card.tsx';
import './stage-tests.css';

/** What the test tools of an attempt said: figures at once, failed tests with why, then how it was before. */
export function StageTests({ attempt }: { readonly attempt: AttemptView }) {
  const t = useMessages();
  const { passed, failed, skipped, lines } = attempt.reports ?? {
    passed: 0,
    failed: 0,
    skipped: 0,
    lines: null,
  };
  const reports = useReports(attempt.id, `${passed} ${failed} ${skipped}`);
  return (
    <div className="stage-tests">
      <h2>{t.tests.title}</h2>
      {passed + failed + skipped > 0 && (
        <p className="tests-counts">
          <span data-result="passed">{t.tests.passed(formatCount(passed))}</span>
          {failed > 0 && <span data-result="failed">{t.tests.failed(formatCount(failed))}</span>}
          {skipped > 0 && <span className="soft">{t.tests.skipped(formatCount(skipped))}</span>}
        </p>
      )}
      {lines !== null && lines.total > 0 && (
        <p>
          {t.tests.coverage(formatRate(lines.covered / lines.total), formatCount(lines.total))}{' '}
          {reports.data !== undefined && <Change points={coverageChange(reports.data.trend)} />}
        </p>
      )}
      {reports.error !== null && <ProblemCard error={reports.error} onRetry={() => void reports.refetch()} />}
      {reports.data !== undefined && <Details reports={reports.data} />}
    </div>
  );
}

function Details({ reports }: { readonly reports: ReportsView }) {
  const t = useMessages();
  const { failed, slowest } = notableTests(reports.tests?.cases ?? []);
  const flaky = flakyByTest(reports.flaky);
  const shaky = new Set(flaky.map(({ suite, name }) => `${suite}\0${name}`));
  return (
    <>
      {failed.slice(0, mostShown).map((test) => (
        <FailedTest
          key={`${test.suite}\0${test.name}`}
          test={test}
          isFlaky={shaky.has(`${test.suite}\0${test.name}`)}
        />
      ))}
      {failed.length > mostShown && (
        <p className="soft">{t.tests.more(formatCount(failed.length - mostShown))}</p>
      )}
      <Trend trend={reports.trend} />
      {flaky.length > 0 && (
        <details>
          <summary>{t.tests.flaky(formatCount(flaky.length))}</summary>
          <ul>
            {flaky.slice(0, mostShown).map((test) => (
              <li key={`${test.suite}\0${test.name}`}>
                {nameOf(test)}{' '}
                <span className="soft">{t.tests.flakyOn(test.failures, test.commit.slice(0, 7))}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {slowest.length > 0 && (
        <details>
          <summary>{t.tests.slowest}</summary>
          <ul>
            {slowest.map((test) => (
              <li key={`${test.suite}\0${test.name}`}>
                {nameOf(test)} <span className="soft">{formatLatency(test.ms)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const mostShown = 50;

function FailedTest({ test, isFlaky }: { readonly test: TestCase; readonly isFlaky: boolean }) {
  const t = useMessages();
  return (
    <details className="failed-test">
      <summary>
        {nameOf(test)} {isFlaky && <span className="tag">{t.tests.isFlaky}</span>}
      </summary>
      <pre>{test.message ?? t.tests.noMessage}</pre>
    </details>
  );
}

/** One bar an attempt, the failed part of it in red; a bar leads to its run. */
function Trend({ trend }: { readonly trend: readonly ReportPoint[] }) {
  const t = useMessages();
  const most = Math.max(1, ...trend.map(({ passed, failed, skipped }) => passed + failed + skipped));
  if (trend.length < 2) return null;
  return (
    <div className="tests-trend" role="group" aria-label={t.tests.trend}>
      {trend.map(({ runId, runNumber, passed, failed, skipped }) => {
        const what = t.tests.point(runNumber, formatCount(passed), formatCount(failed));
        return (
          <Link key={runId} to={`/runs/${runId}`} title={what} aria-label={what}>
            <i style={{ height: `${((passed + skipped) / most) * 100}%` }} data-result="passed" />
            <i style={{ height: `${(failed / most) * 100}%` }} data-result="failed" />
          </Link>
        );
      })}
    </div>
  );
}

function Change({ points }: { readonly points: number | null }) {
  const t = useMessages();
  if (points === null || Math.abs(points) < 0.05) return null;
  const sign = points > 0 ? '+' : '−';
  return <span className="soft">{t.tests.change(`${sign}${Math.abs(points).toFixed(1)}`)}</span>;
}

const nameOf = ({ suite, name }: { readonly suite: string; readonly name: string }): string =>
  suite === '' ? name : `${suite} › ${name}`;
