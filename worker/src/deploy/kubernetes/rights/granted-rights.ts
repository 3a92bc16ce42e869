import { z } from 'zod';
import type { Right } from './needed-rights.ts';

/** Rules as a SelfSubjectRulesReview tells them, in the words of roles. */
export const accessRules = z.object({
  resourceRules: z.array(
    z.object({
      verbs: z.array(z.string()),
      apiGroups: z.array(z.string()).nullish(),
      resources: z.array(z.string()).nullish(),
      resourceNames: z.array(z.string()).nullish(),
    }),
  ),
});
export type AccessRules = z.infer<typeof accessRules>;

/** Whether one of the rules gives the right, as Kubernetes reads them. */
export function isGranted(
  { resourceRules }: AccessRules,
  { apiGroup, resource, name, verb }: Right,
): boolean {
  const sub = resource.includes('/') ? `*/${resource.split('/')[1] ?? ''}` : null;
  const fits = (list: readonly string[] | null | undefined, wanted: string): boolean =>
    list?.some((each) => each === '*' || each === wanted) ?? false;
  return resourceRules.some(
    ({ verbs, apiGroups, resources, resourceNames }) =>
      fits(verbs, verb) &&
      fits(apiGroups, apiGroup) &&
      (fits(resources, resource) || (sub !== null && fits(resources, sub))) &&
      ((resourceNames?.length ?? 0) === 0 || (name !== null && (resourceNames?.includes(name) ?? false))),
  );
}
