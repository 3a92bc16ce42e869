import type { Colour } from './service-state.ts';

export interface ServiceName {
  readonly installation: string;
  readonly service: string;
}

export const label = {
  installation: 'sluice',
  kind: 'sluice.kind',
  environment: 'sluice.environment',
  service: 'sluice.service',
  colour: 'sluice.colour',
  version: 'sluice.version',
  image: 'sluice.image',
  replica: 'sluice.replica',
  /** Chosen by us and fixed, so that a container that Docker restarts keeps its address. */
  hostPort: 'sluice.host-port',
} as const;

/** Docker's filter for every container of a service. */
export function serviceFilter({ installation, service }: ServiceName): { readonly label: string[] } {
  return {
    label: [`${label.installation}=${installation}`, `${label.kind}=service`, `${label.service}=${service}`],
  };
}

export function colourOf(text: string | undefined): Colour | null {
  return text === 'a' || text === 'b' ? text : null;
}
