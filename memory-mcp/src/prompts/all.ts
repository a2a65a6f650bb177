// Which prompts there are.
import type { Prompt } from './prompt.ts';
import { recall } from './recall.ts';
import { reflect } from './reflect.ts';
import { resume } from './resume.ts';

/** In the order of the work. */
export const PROMPTS: readonly Prompt[] = [recall, resume, reflect];
