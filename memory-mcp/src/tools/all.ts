// Which tools there are.
import type { CodeModeRights } from '../code-mode/methods.ts';
import type { Services } from '../services.ts';
import type { Tool } from '../tool.ts';
import { getRecommendation, listPatterns, recordFeedback } from './advice.ts';
import { addStep, completeEpisode, createEpisode } from './episodes.ts';
import { executeCode } from './execute-code.ts';
import { forget } from './forget.ts';
import { healthCheck } from './health.ts';
import { queryMemory } from './search.ts';

/** The tools that `services` can serve; `rights` are those of programs in the sandbox. */
export function toolsFor({ sandbox }: Pick<Services, 'sandbox'>, rights: CodeModeRights): readonly Tool[] {
  const tools = [
    createEpisode,
    addStep,
    completeEpisode,
    queryMemory,
    getRecommendation,
    recordFeedback,
    listPatterns,
    forget,
  ];
  return sandbox === undefined ? [...tools, healthCheck] : [...tools, executeCode(rights), healthCheck];
}
