// Files of a repository and the programs that render them, for tests.
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RendererPlaces } from './run-renderer.ts';

export interface RenderRig extends AsyncDisposable, RendererPlaces {
  readonly write: (files: Readonly<Record<string, string>>) => Promise<void>;
}

const { RENDERERS, PATH = '' } = process.env;

/** PATH on which kustomize and helm are found. */
export const renderersPath = RENDERERS === undefined ? PATH : `${RENDERERS}:${PATH}`;
/** Null: they can be tested here. */
export const missingRenderers = RENDERERS === undefined ? 'RENDERERS not set' : null;

export async function openRenderRig(path = renderersPath): Promise<RenderRig> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-render-')));
  const [workspace, scratch] = [join(root, 'workspace'), join(root, 'scratch')];
  await Promise.all([mkdir(workspace), mkdir(scratch)]);
  return {
    workspace,
    scratch,
    path,
    write: async (files) => {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(workspace, name)), { recursive: true });
        await writeFile(join(workspace, name), text);
      }
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** A chart with a Deployment, a Service and a hook. */
export const shopChart: Readonly<Record<string, string>> = {
  'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
  'chart/values.yaml': 'replicas: 1\nmode: plain\nimage: { pull: IfNotPresent }\n',
  'chart/templates/shop.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}, annotations: { mode: {{ .Values.mode | quote }} } }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: {{ .Chart.Name }}
          image: shop
          imagePullPolicy: {{ .Values.image.pull }}
          env: [{ name: LINGER_MS, value: '2000' }]
          readinessProbe: { httpGet: { path: /healthz, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }} }
spec: { selector: { app: shop }, ports: [{ port: 80, targetPort: 8080 }] }
`,
  'chart/templates/migrate.yaml': `
apiVersion: batch/v1
kind: Job
metadata: { name: migrate, annotations: { helm.sh/hook: 'pre-install,pre-upgrade' } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: b }] } } }
`,
};
