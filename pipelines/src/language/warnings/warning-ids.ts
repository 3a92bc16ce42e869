/** What `# sluice-ignore:` can name; each has a section in docs/language.md. */
export const warningIds = [
  'floating-image',
  'floating-template',
  'gate-never-fails',
  'no-metrics',
  'not-of-steps',
  'secret-in-fork',
  'unreachable-stage',
  'unused-output',
] as const;
