// Pipelines of other systems, written for the tests: together they use every key that the converters know.
import type { System } from './detect-system.ts';

export interface Fixture {
  readonly system: System;
  readonly text: string;
}

const gitlab = String.raw`
include: [{ local: ci/more.yml }]
stages: [build, test, deploy]
types: [build]
variables:
  IMAGE: $CI_REGISTRY_IMAGE/app
  LEVEL: { value: info, description: how much is logged }
  BASE: /srv
default:
  image: node:20
  services: []
  cache: { key: { files: [package-lock.json], prefix: $CI_COMMIT_REF_SLUG }, paths: [node_modules/] }
  before_script: [npm ci]
  after_script: [rm -f secrets.txt]
  artifacts: { expire_in: 2 days }
  retry: 1
  timeout: 1h 30m
  interruptible: true
  tags: [docker]
  hooks: {}
  id_tokens: {}
  identity: x
workflow:
  name: shop
  auto_cancel: { on_new_commit: interruptible }
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS
      when: never
    - if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH || $CI_COMMIT_TAG =~ /^v\d+/i'
.base: &base
  variables: { MODE: test, URL: "http://\${BASE}/$MODE" }
  script:
    - &say echo "$MODE on $CI_COMMIT_SHA"
    - - *say
      - cd app
.setup: { script: [export A=1, make prepare] }
compile:
  extends: [.base, .missing]
  stage: build
  script: [!reference [.setup, script], 'make "\${{ not ours }}"']
  artifacts:
    paths: [dist/, $OUT/x]
    expire_in: 1 week
    when: always
    name: app
    exclude: [dist/*.map]
    untracked: true
    expose_as: app
    public: false
    access: all
    reports: { junit: [report.xml], coverage_report: { coverage_format: cobertura, path: cov.xml }, cobertura: c.xml, dotenv: build.env, sast: s.json }
unit:
  stage: test
  image: { name: "python:$PY", entrypoint: [''], pull_policy: always, docker: { user: '1000' }, kubernetes: {} }
  services:
    - postgres:16
    - { name: 'registry.example.com/cache:7', alias: cache, command: [redis-server, --save, ''], entrypoint: [sh], variables: { A: b }, pull_policy: always, docker: {}, kubernetes: {} }
    - docker:dind
  variables: { POSTGRES_PASSWORD: x, PY: '3.12' }
  needs: [{ job: compile, artifacts: false, optional: true, parallel: {} }, { project: a/b, job: c, ref: main }, { pipeline: x, job: y }]
  script: ['pytest --url "$API_URL" --token $API_TOKEN $CI_NODE_INDEX']
  rules:
    - if: '$CI_COMMIT_TITLE !~ /\[skip\]/ && ($BASE != null || $UNKNOWN == "yes")'
      changes: [src/**]
      exists: [setup.py]
      allow_failure: true
      variables: { A: b }
      needs: []
      start_in: 1 day
      interruptible: true
      auto_cancel: {}
    - when: never
  cache: [{ key: $CI_JOB_NAME, paths: [.cache], policy: pull, untracked: true, when: always, unprotect: true, fallback_keys: [old] }]
  retry: { max: 2, when: [runner_system_failure, unknown_word], exit_codes: [75] }
  parallel: { matrix: [{ PY: ['3.11', '3.12'] }, { PY: '3.13', EXTRA: [a, b] }] }
  coverage: '/\d+%/'
  allow_failure: { exit_codes: [3] }
  timeout: 3 hours 30 minutes
  inherit: { default: [cache] }
image:
  stage: deploy
  image: docker:27
  services: [docker:27-dind]
  script:
    - docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY
    - docker build --pull -t registry.example.com/shop:$CI_COMMIT_SHORT_SHA --build-arg REV=$CI_COMMIT_SHA -f docker/Dockerfile .
    - docker push registry.example.com/shop:$CI_COMMIT_SHORT_SHA
  only: { refs: [main, tags, /^release\/.*$/, api], variables: [$BASE == "/srv"], changes: [src/**], kubernetes: active }
  except: [schedules, main@group/project]
ship:
  stage: deploy
  dependencies: [compile]
  script: [./ship]
  after_script: [echo done]
  when: manual
  environment: { name: production }
  resource_group: production
  interruptible: false
  tags: [ship]
  start_in: 1 hour
  release: { tag_name: x }
  pages: true
  publish: public
  id_tokens: {}
  secrets: {}
  hooks: {}
  identity: x
  manual_confirmation: really
  dast_configuration: {}
  inputs: {}
  before_script: []
child: { trigger: other/project, only: [triggers] }
steps: { stage: test, run: [], script: [x], parallel: 3, unheard: 1 }
pages: { stage: deploy, script: [make site], when: on_failure }
`;

const gitlabOld = `spec: { inputs: { a: {} } }
---
image: ruby:3
services: [redis:7]
cache: { paths: [vendor] }
before_script: [bundle install]
after_script: [date]
pages: { path_prefix: x }
spec: x
test: { script: rake, when: delayed }
never: { script: [x], when: never, timeout: soon }
always: { script: [x], when: always, rules: [{ when: manual }, { if: 'what is this' }] }
`;

const github = String.raw`
name: CI
run-name: by \${{ github.actor }}
on:
  push: { branches: [main, 'release/**', '!old'], branches-ignore: [x], tags: ['v*'], tags-ignore: [y], paths: [src/**, '!docs/**'], paths-ignore: ['**.md'] }
  pull_request: { types: [opened], branches: [main] }
  pull_request_target:
  workflow_dispatch:
    inputs:
      level: { type: choice, options: [debug, info], default: info, description: how much is logged, required: true, deprecationMessage: no }
      dry-run: { type: boolean, default: true }
      rounds: { type: number, default: 3 }
  schedule: [{ cron: '0 3 * * 1-5', timezone: Asia/Shanghai }]
  workflow_call:
  workflow_run:
  release: { types: [published] }
  merge_group:
  repository_dispatch:
  issues:
  issue_comment:
  create:
  delete:
  label:
  pull_request_review:
  deployment:
  deployment_status:
  check_suite:
  check_run:
  status:
  page_build:
  branch_protection_rule:
  discussion:
  fork:
  watch:
env: { CI: true, TITLE: '\${{ github.event.pull_request.title }}', KEY: '\${{ secrets.KEY }}', MIXED: 'a \${{ secrets.KEY }}' }
defaults: { run: { shell: bash, working-directory: app } }
permissions: read-all
concurrency: { group: '\${{ github.workflow }}-\${{ github.head_ref || github.ref }}', cancel-in-progress: true, queue: max }
jobs:
  test:
    name: Tests on \${{ matrix.node-version }}
    runs-on: \${{ matrix.os }}
    permissions: { contents: read }
    timeout-minutes: 20
    continue-on-error: true
    strategy:
      fail-fast: false
      max-parallel: 2
      matrix:
        os: [ubuntu-latest, windows-latest]
        node-version: [20.x, 22]
        include: [{ node-version: 24, flag: x, os: ubuntu-latest }, { os: macos-latest, node-version: 22 }]
        exclude: [{ os: ubuntu-latest, node-version: 22 }]
    services:
      db: { image: 'postgres:16', env: { POSTGRES_PASSWORD: x }, ports: ['5432:5432'], options: --health-cmd "pg_isready -U postgres" --health-retries 5, credentials: {}, volumes: [] }
    outputs: { v: '\${{ steps.v.outputs.v }}' }
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0, submodules: true, persist-credentials: false }
      - { uses: actions/setup-node@v4, with: { node-version: '\${{ matrix.node-version }}', cache: npm } }
      - { uses: actions/setup-python@v5, with: { python-version: '3.12' } }
      - { uses: actions/cache@v4, with: { path: ~/.cache/x, key: "x-\${{ hashFiles('**/x.lock') }}", restore-keys: 'x-' } }
      - run: npm ci
      - name: unit
        id: v
        if: github.event_name == 'push' && !contains(github.event.head_commit.message, 'no tests')
        env: { TOKEN: '\${{ secrets.TOKEN }}', WHO: '\${{ github.actor }}' }
        working-directory: ./packages/a
        shell: bash
        timeout-minutes: 5
        continue-on-error: true
        run: |
          npm test -- "\${{ github.head_ref }}" \${{ github.sha }} \${{ secrets.DEPLOY }} \${{ env.CI }}
          echo "v=\${{ steps.v.outputs.v }}" >> $GITHUB_OUTPUT
          echo "$GITHUB_REF_NAME"
      - { run: Get-Date, shell: pwsh }
      - { uses: codecov/codecov-action@v4 }
      - { uses: someone/unknown@v1, with: { a: b } }
      - { uses: Swatinem/rust-cache@v2 }
      - { uses: pnpm/action-setup@v4 }
      - { if: always(), uses: actions/upload-artifact@v4, with: { name: logs, path: "logs/\nreport.html", retention-days: 5 } }
  image:
    needs: test
    runs-on: [self-hosted, linux]
    if: startsWith(github.ref, 'refs/tags/v') || (github.ref == 'refs/heads/main' && inputs.dry-run == 'false')
    environment: production
    concurrency: deploy
    steps:
      - run: make version
      - { uses: docker/login-action@v3 }
      - uses: docker/build-push-action@v6
        with: { context: ., file: docker/Dockerfile, push: true, tags: 'ghcr.io/a/b:latest,ghcr.io/a/b:\${{ github.sha }}', build-args: 'REV=\${{ github.sha }}', target: prod }
  only-image:
    runs-on: ubuntu-latest
    steps: [{ uses: docker/build-push-action@v6, with: { push: true, tags: '\${{ steps.meta.outputs.tags }}' } }]
  boxed:
    runs-on: ubuntu-latest
    container: { image: 'golang:1.23', env: { GO: x }, credentials: {}, ports: [80], volumes: [a], options: --cpus 1 }
    needs: [test, image]
    env: { NESTED: '\${{ needs.test.outputs.v }}', A: "\${{ github.event_name == 'push' && 'a' || 'b' }}" }
    defaults: { run: { working-directory: x } }
    if: "\${{ needs.test.result == 'success' && fromJSON('1') }}"
    snapshot: x
    steps: [{ run: go test ./... }, { name: nothing }]
  called: { uses: a/b/.github/workflows/x.yml@v1, with: { a: b }, secrets: inherit }
  mac: { runs-on: macos-latest, strategy: { matrix: '\${{ fromJSON(needs.x.outputs.y) }}' }, steps: [{ run: make }] }
`;

const githubShort = `on: [push, workflow_dispatch, nothing_known]
jobs:
  a: { runs-on: ubuntu-latest, steps: [{ run: echo hello }] }
`;

const woodpecker = String.raw`
when:
  - { event: push, branch: [main, release/*], path: { include: [src/**], exclude: ['*.md'] } }
  - { event: [pull_request, tag, manual, deployment], branch: { exclude: [old] }, status: success, ref: refs/heads/x, tag: v*, repo: a/b, instance: x, platform: linux/amd64, environment: x, matrix: {}, local: true }
  - { event: cron, cron: nightly, evaluate: 'CI == "x"' }
labels: { platform: linux/arm64 }
platform: linux/amd64
clone: { git: { image: woodpeckerci/plugin-git } }
skip_clone: true
depends_on: [other]
runs_on: [success, failure]
workspace: { base: /go, path: src }
version: 1
concurrency: {}
branches: main
variables:
  - &image 'golang:\${GO}'
matrix:
  GO: ['1.22', '1.23']
  include: [{ GO: '1.24' }]
services:
  - { name: db, image: 'postgres:16', environment: { POSTGRES_PASSWORD: x }, secrets: [token], commands: [postgres], entrypoint: [sh], ports: ['5432'], when: {}, volumes: [a], tmpfs: [b], pull: true, privileged: true, backend_options: {}, settings: {}, failure: ignore, depends_on: [x], directory: y }
steps:
  - name: build
    image: *image
    commands: [go build, 'echo $\${HOME} \${CI_COMMIT_SHA:0:8} "\${{ not ours }}"']
    environment: { A: b, TOKEN: { from_secret: token } }
    directory: app
  - { name: vet, image: *image, commands: go vet, environment: [C=d], when: { branch: main, event: [push, pull_request] } }
  - name: lint
    image: golangci/golangci-lint
    failure: ignore
    secrets: [lint_token, { source: a_b, target: c }]
    commands: [golangci-lint run]
    when:
      - { evaluate: 'x == 1' }
      - { path: [src/**], event: { exclude: [tag] }, ref: { include: [refs/tags/v*] }, tag: v*, cron: nightly }
    user: '1000'
    pull: true
    detach: true
    volumes: [a]
    tmpfs: [b]
    devices: [c]
    privileged: true
    network_mode: host
    networks: [x]
    dns: [1.1.1.1]
    dns_search: [x]
    extra_hosts: [a]
    cap_add: [x]
    backend_options: {}
    ports: [80]
    entrypoint: [sh]
  - name: publish
    image: woodpeckerci/plugin-docker-buildx
    settings: { repo: a/b, registry: registry.example.com, tags: [latest, '\${CI_COMMIT_TAG}'], dockerfile: ./docker/Dockerfile, context: app, target: prod, build_args: [A=b] }
    when: { event: tag, repo: a/b, instance: x, platform: x, environment: x, matrix: { A: b }, local: true }
  - { name: local image, image: 'docker:27', commands: [docker build -t x .] }
  - { name: say, image: plugins/slack, settings: { channel: x }, when: { status: [success, failure] } }
  - { name: tell, image: alpine, commands: [echo failed], when: { status: failure } }
`;

const woodpeckerOld = `pipeline:
  a: { image: alpine, group: one, commands: [make a] }
  b: { image: alpine, group: one, commands: [make b] }
  c: { image: alpine, commands: [make c] }
`;

const woodpeckerGraph = `steps:
  a: { image: alpine, commands: [make a] }
  b: { image: alpine, depends_on: a, commands: [make b] }
  c: { image: alpine, depends_on: [a, b, nowhere], commands: [make c] }
`;

const gitlabShared = String.raw`
include:
  - { project: tools/ci, ref: main, file: [/lint.yml] }
  - { template: Jobs/Build.gitlab-ci.yml }
  - { remote: 'https://ci.example.com/more.yml' }
  - component: ci.example.com/tools/release@1
    inputs: { stage: deploy, options: -Dman=false }
.unused: { script: [make] }
unit:
  image: 'alpine:3'
  only: { refs: [main], variables: ['$NIGHTLY'], changes: [src/**] }
  except: { variables: ['$CI_PROJECT_NAMESPACE == "acme"'] }
  script: run --count "$CI_NODE_INDEX/$CI_NODE_TOTAL" "$CI_JOB_NAME"
  parallel: 4
  dependencies: []
child:
  trigger:
    include: [{ local: ci/child.yml }, { project: tools/ci, ref: main, file: /child.yml }]
    strategy: depend
    forward: { pipeline_variables: true }
other:
  trigger: { project: acme/other, branch: main }
pages:
  image: 'alpine:3'
  needs: [unit]
  only: [main]
  script: cp -r docs public
  artifacts: { paths: [public], expire_in: 1 week }
`;

const gitlabPages = String.raw`
pages:
  image: 'alpine:3'
  needs: []
  rules: [{ if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH' }]
  script: cp -r docs public
  artifacts: { paths: [public] }
`;

const githubShared = `name: called
on:
  pull_request: { paths: [src/**], paths-ignore: ['**/*.md'] }
  workflow_call:
    inputs: { level: { type: string, default: info } }
    secrets: { token: { required: true } }
    outputs: { hash: { value: x } }
jobs:
  unit:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        os: [{ id: ubuntu-latest, name: Linux }]
        include: [{ os: { name: Linux }, version: 1 }]
        exclude: [{ os: { name: Linux } }]
    steps:
      - { run: 'sudo make $\\{{ inputs.level || github.run_number }}' }
      - { uses: actions/download-artifact@v4, with: { name: dist, path: dist } }
`;

const woodpeckerList = `steps:
  - { name: a, image: alpine, commands: [make a] }
  - { name: b, image: alpine, depends_on: [a], commands: [make b] }
`;

const woodpeckerMaps = `clone:
  git: { image: woodpeckerci/plugin-git, settings: { recursive: true } }
  more: { image: alpine, commands: [git submodule update] }
variables:
  - &paths [src/**, go.*]
typo: { image: alpine, settings: {} }
when:
  - { event: push, branch: '\${CI_REPO_DEFAULT_BRANCH}', path: [docs/**] }
  - event: push
    path:
      - <<: *paths
      - Makefile
steps:
  test:
    image: golang:1
    pull: true
    privileged: true
    directory: web
    volumes: [/var/run/docker.sock:/var/run/docker.sock]
    environment: { A: b }
    secrets: [token]
    failure: ignore
    depends_on: []
    commands: ["say 'of \${CI_PIPELINE_NUMBER}, see \${CI_PIPELINE_URL}'"]
    when: { event: cron, branch: main, path: [src/**], evaluate: 'A == "b"' }
  publish:
    image: woodpeckerci/plugin-docker-buildx
    settings: { repo: 'acme/shop,quay.io/acme/shop', auto_tag: true, platforms: linux/arm64 }
    when: { event: tag, status: [success] }
services:
  db: { image: 'postgres:16', environment: { A: b }, ports: ['5432'], when: { event: push, path: [src/**] } }
`;

const woodpeckerOldMaps = `pipeline:
  test:
    image: alpine
    environment: [A=b]
    secrets: [token]
    commands: [make]
    when: { event: push, branch: main, status: [success, failure] }
  tell: { image: plugins/slack, settings: { channel: x } }
`;

const plain = (text: string): string => text.replaceAll('\\${', '${').replaceAll('$\\{', '${');

export const fixtures: readonly Fixture[] = [
  { system: 'gitlab', text: plain(gitlab) },
  { system: 'gitlab', text: plain(gitlabOld) },
  { system: 'gitlab', text: plain(gitlabShared) },
  { system: 'gitlab', text: plain(gitlabPages) },
  { system: 'github', text: plain(github) },
  { system: 'github', text: plain(githubShort) },
  { system: 'github', text: plain(githubShared) },
  { system: 'woodpecker', text: plain(woodpecker) },
  { system: 'woodpecker', text: plain(woodpeckerOld) },
  { system: 'woodpecker', text: plain(woodpeckerGraph) },
  { system: 'woodpecker', text: plain(woodpeckerList) },
  { system: 'woodpecker', text: plain(woodpeckerMaps) },
  { system: 'woodpecker', text: plain(woodpeckerOldMaps) },
];
