import { expect, test } from 'vitest';
import { parseImageRepository, isImageTag } from '../registry/image-reference.ts';
import { runImageName } from './image-names.ts';

test('the name says installation, run and stage', () => {
  expect(runImageName('sluice-1', '0198c0de-0000-7000-8000-000000000001', 'image')).toBe(
    'sluice/sluice-1/0198c0de-0000-7000-8000-000000000001:image',
  );
});

test.for([['Büro'], ['A_B'], ['a (node=20)'], ['--'], [''], ['x'.repeat(300)], ['.hidden'], ['über/alles']])(
  'the installation and stage "%s" give a valid reference',
  ([text = '']) => {
    const [repository = '', tag = ''] = runImageName(text, 'run', text).split(':');
    expect(parseImageRepository(repository)).toMatchObject({ ok: true });
    expect(isImageTag(tag)).toBe(true);
  },
);

test('stages whose ids differ only in what a tag cannot hold have different names', () => {
  expect(runImageName('i', 'r', 'a/b')).not.toBe(runImageName('i', 'r', 'a:b'));
});
