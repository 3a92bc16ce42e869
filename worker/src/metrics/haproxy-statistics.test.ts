import { expect, test } from 'vitest';
import { serverCounters } from './haproxy-statistics.ts';

const header =
  '# pxname,svname,qcur,scur,eresp,type,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,ttime,ttime_max,';

test('servers of the backend are read by column name, broken answers count as bad requests', () => {
  const csv = [
    header,
    'users,FRONTEND,,0,,0,0,9,0,0,0,0,,,',
    'health-a,a1,0,0,0,2,0,0,0,0,0,0,0,0,',
    'service,a1,0,2,1,2,0,90,1,3,5,0,12,340,',
    'service,BACKEND,0,2,1,1,0,90,1,3,5,0,12,340,',
    '',
  ].join('\n');
  expect(serverCounters(csv)).toEqual([
    { backend: 'service', name: 'a1', requests: 100, bad: 6, underWay: 2, meanMs: 12, maxMs: 340 },
  ]);
});

test('another answer is not taken for statistics', () => {
  expect(() => serverCounters('Unknown command\n')).toThrow(/not the statistics/);
});
