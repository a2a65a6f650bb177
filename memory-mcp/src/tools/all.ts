// Which tools there are.
import type { CodeModeRights } from '../code-mode/methods.ts';
import type { Tool } from '../tool.ts';
import { getRecommendation, listPatterns, recordFeedback } from './advice.ts';
import { addStep, completeEpisode, createEpisode } from './episodes.ts';
import { executeCode } from './execute-code.ts';
import { forget } from './forget.ts';
import { healthCheck } from './health.ts';
import { getMetrics } from './metrics.ts';
import { getEpisode, listEpisodes, updateEpisode } from './records.ts';
import { queryMemory } from './search.ts';

/** The tools of a server that may have a sandbox; `rights` are those of programs in it. */
export function toolsFor({ hasSandbox }: { readonly hasSandbox: boolean }, rights: CodeModeRights): readonly Tool[] {
  const tools = [
    createEpisode,
    addStep,
    completeEpisode,
    queryMemory,
    getRecommendation,
    recordFeedback,
    listPatterns,
    listEpisodes,
    getEpisode,
    updateEpisode,
    forget,
  ];
  const watching = [getMetrics, healthCheck];
  return hasSandbox ? [...tools, executeCode(rights), ...watching] : [...tools, ...watching];
}
