#!/usr/bin/env node
// Sluice is TypeScript run as it stands: no build step between a clone and a command.
import { register } from 'tsx/esm/api';

register();
await import('../src/main.ts');
