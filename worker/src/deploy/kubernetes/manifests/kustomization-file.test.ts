import { describe, expect, test } from 'vitest';
import { takenIn } from './kustomization-file.ts';

const pathsOf = (text: string): readonly string[] =>
  takenIn(text, 'k8s/kustomization.yaml').map(({ path }) => path);

describe('what a kustomization takes in', () => {
  test('is found below every key that may name a file', () => {
    const text = `
resources: [a.yml, ../base]
components: [../part]
crds: [crd.yml]
configurations: [names.yml]
openapi: { path: schema.json }
patches: [{ path: p.yml }, { patch: '[]' }]
patchesJson6902: [{ target: {}, path: j.yml }]
patchesStrategicMerge: [s.yml, "kind: Deployment\\nmetadata: {}", '{"kind": "Deployment"}']
replacements: [{ path: r.yml }]
configMapGenerator: [{ name: a, files: [x.txt, key=y.txt], envs: [e.env], literals: [a=b] }]
secretGenerator: [{ name: b, env: s.env }]
images: [{ name: shop, newName: registry.example.com/shop }]
`;
    const found =
      'a.yml ../base ../part crd.yml names.yml schema.json p.yml j.yml s.yml r.yml x.txt y.txt e.env s.env';
    expect(pathsOf(text)).toEqual(found.split(' '));
  });

  test('is found however its keys are written, and behind aliases and merges', () => {
    expect(pathsOf('Resources: [a]\nRESOURCES: [b]')).toEqual(['a', 'b']);
    expect(pathsOf('x: &x { resources: [a] }\n<<: *x\ncrds: &c [b]\ncomponents: *c')).toEqual([
      'a',
      'b',
      'b',
    ]);
  });

  test('is told with its place', () => {
    expect(takenIn('namePrefix: a-\nresources:\n- a.yml\n', 'k/kustomization.yaml')[0]).toEqual({
      place: 'k/kustomization.yaml:2',
      key: 'resources',
      path: 'a.yml',
      mayBeFolder: true,
    });
  });

  test.each([
    ['helmCharts: [{ name: a }]', /:1: helmCharts inflates charts.*`chart`/],
    ['resources: []\ngenerators: [g.yml]', /:2: generators runs plug-ins/],
    ['transformers: [t.yml]', /plug-ins/],
    ['Validators: [v.yml]', /plug-ins/],
    ['a: [', /kustomization.yaml:1: /],
    ['- a', /must be a map/],
    ['a: 1\n---\nresources: [b]', /one YAML document/],
    ['', /one YAML document|must be a map/],
  ])('%j is refused', (text, message) => {
    expect(() => takenIn(text, 'k8s/kustomization.yaml')).toThrow(message);
  });
});
