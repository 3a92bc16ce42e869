import { expect, test } from 'vitest';
import { decodeBuildkitStatus } from './buildkit-status.ts';

// Recorded from Docker Engine 20.10.
const stepDone =
  'CosBCkdzaGEyNTY6MWVjNDJmYWU5YWExMWNhYzRjNTQ5MWI4NTg2Mzc5YjMwZWZlYjk5MTBjOTUyOWRmNDE4OTBjYmE5OTQxYmE0MxokW2ludGVybmFsXSBsb2FkIHJlbW90ZSBidWlsZCBjb250ZXh0KgwI/auG2AYQu/jL6QIyDAj9q4bYBhD4qrfuAg==';
const output =
  'Gl0KR3NoYTI1Njo4NWYzYmQ5MDM0MjZlYjY4ZDc3NjY5YzY5MDM5YWMzMzY3MWVjZjM2NWUxZDljMDNkZTUwNmVmMDg0NDMwZjY4EgsI/quG2AYQsuuGFxgBIgNoaQo=';

test('a step is read with its name and its times', () => {
  expect(decodeBuildkitStatus(stepDone)).toEqual({
    vertexes: [
      {
        digest: 'sha256:1ec42fae9aa11cac4c5491b8586379b30efeb9910c9529df41890cba9941ba43',
        name: '[internal] load remote build context',
        cached: false,
        startedAt: 1_795_266_045_758,
        completedAt: 1_795_266_045_768,
        error: '',
      },
    ],
    statuses: [],
    logs: [],
    warnings: [],
  });
});

test('output is read with the step that it belongs to', () => {
  const { logs } = decodeBuildkitStatus(output);
  expect(logs.map((log) => [log.vertex.slice(0, 14), Buffer.from(log.text).toString()])).toEqual([
    ['sha256:85f3bd9', 'hi\n'],
  ]);
});

test('an empty message is an empty status, a torn one throws', () => {
  expect(decodeBuildkitStatus('')).toEqual({ vertexes: [], statuses: [], logs: [], warnings: [] });
  expect(() => decodeBuildkitStatus(stepDone.slice(0, 40))).toThrow('runs over the end');
});
