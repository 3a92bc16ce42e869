import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { timeIncrements, timeLabels } from '../../format/time-axis.ts';
import { useLanguage, useMessages, type Language } from '../../messages/language-context.tsx';
import type { ChartSeries } from '../../state/chart-series.ts';

interface SideChartProps {
  readonly title: string;
  readonly series: ChartSeries;
  readonly format: (value: number) => string;
}

const height = 150;
/** Up to this many, single measurements are marked; more of them are a line. */
const fewPoints = 40;

/** Two lines over time, drawn on a canvas; its last values stand beside the title as text. */
export function SideChart({ title, series, format }: SideChartProps) {
  const t = useMessages();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const first = useRef(series);
  const { language } = useLanguage();
  const scheme = useComputedColorScheme('light');
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const drawn = new uPlot(optionsOf(element, format, language), toData(first.current), element);
    chart.current = drawn;
    const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
    };
    // Colours are read from the style sheet and times are words: another scheme or language needs another drawing.
  }, [scheme, format, language]);
  useEffect(() => {
    first.current = series;
    chart.current?.setData(toData(series));
  }, [series]);
  const old = lastOf(series[1], format);
  const fresh = lastOf(series[2], format);
  return (
    <figure className="chart">
      <figcaption>
        <span>{title}</span>
        <span className="chart-last" data-side="old">
          {old}
        </span>
        <span className="chart-last" data-side="new">
          {fresh}
        </span>
      </figcaption>
      <div ref={box} role="img" aria-label={t.rollout.chartSummary(title, old, fresh)} />
    </figure>
  );
}

function optionsOf(
  element: HTMLElement,
  format: (value: number) => string,
  language: Language,
): uPlot.Options {
  const style = window.getComputedStyle(element);
  const color = (token: string) => style.getPropertyValue(token).trim();
  const axis = {
    stroke: color('--ink-soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: { y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        size: 24,
        space: 72,
        incrs: [...timeIncrements],
        values: (_chart, splits) => [...timeLabels(splits, language)],
      },
      { ...axis, size: 58, space: 34, values: (_chart, splits) => splits.map((value) => format(value)) },
    ],
    series: [
      {},
      { stroke: color('--side-old'), width: 1.5, dash: [5, 3], points: dots(color('--side-old')) },
      { stroke: color('--side-new'), width: 2, points: dots(color('--side-new')) },
    ],
  };
}

const dots = (color: string): uPlot.Series.Points => ({
  show: (chart) => (chart.data[0]?.length ?? 0) <= fewPoints,
  size: 5,
  fill: color,
});

const toData = ([at, old, fresh]: ChartSeries): uPlot.AlignedData => [[...at], [...old], [...fresh]];

function lastOf(values: readonly (number | null)[], format: (value: number) => string): string {
  const last = values.findLast((value) => value !== null);
  return last === undefined || last === null ? '–' : format(last);
}
