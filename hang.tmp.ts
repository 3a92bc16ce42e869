import { readFileSync } from 'node:fs';
import { convertGitlab } from '@sluice/pipelines/convert/convert-gitlab';
