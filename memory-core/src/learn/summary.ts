// What an episode was about: a few sentences, the words that tell it from others, and the steps that mattered. Pure.
import { oneLine } from '../clip.ts';
import { isUnknown, type Summary } from '../episode.ts';
import {
  type Attempt,
  changingSteps,
  checkText,
  ending,
  isCheck,
  lastChecks,
  openFailures,
  quoted,
} from './attempt.ts';
import { concepts } from './concepts.ts';
import { stepText } from './recovery.ts';
import { shortened } from './words.ts';

/** Words of the whole text, and of its three parts: what was asked, what was done, how it ended. */
const MAX_WORDS = 80;
const ASKED_WORDS = 26;
const DONE_WORDS = 30;
const ENDED_WORDS = 24;
const MAX_STEPS_TOLD = 3;
const STEP_CHARACTERS = 100;
const MAX_KEY_STEPS = 8;

export function summary(attempt: Attempt): Summary {
  const parts = [asked(attempt), done(attempt), ended(attempt)].filter((part) => part !== '');
  return {
    text: shortened(parts.join(' '), MAX_WORDS),
    concepts: concepts(attempt),
    keySteps: keySteps(attempt),
  };
}

function asked({ description }: Attempt): string {
  return withStop(shortened(ending(description, 400), ASKED_WORDS));
}

/** What made errors good, else what was changed last. */
function done(attempt: Attempt): string {
  const fixing = new Set(attempt.recoveries.flatMap(({ fixSteps = [] }) => fixSteps));
  const fixes = attempt.steps.filter(({ number }) => fixing.has(number));
  const told = fixes.length > 0 ? fixes : changingSteps(attempt);
  const texts = [...new Set(told.map((step) => oneLine(stepText({ ...step, rationale: '' }), STEP_CHARACTERS)))];
  const [error] = attempt.recoveries.map((recovery) => recovery.error).filter((text) => text !== '');
  const why = fixes.length > 0 && error !== undefined ? `${quoted(error, 100)} was made good by` : 'What was done:';
  if (texts.length === 0) return '';
  return withStop(shortened(`${why} ${texts.slice(-MAX_STEPS_TOLD).join('; ')}`, DONE_WORDS));
}

function ended(attempt: Attempt): string {
  const checks = lastChecks(attempt);
  const check = checks.findLast(({ isPassed }) => !isPassed) ?? checks.at(-1);
  const shown = check === undefined ? '' : `${checkText(check)} in step ${check.step}`;
  const said = [outcomeText(attempt), shown].filter((text) => text !== '').join('; ');
  return withStop(shortened(said, ENDED_WORDS));
}

function outcomeText({ outcome }: Attempt): string {
  const because = (text: string | undefined): string =>
    text === undefined || text.trim() === '' ? '' : `: ${ending(text, 200)}`;
  switch (outcome.kind) {
    case 'success':
      return `Succeeded${because(outcome.verdict ?? outcome.artifacts[0])}`;
    case 'partial': {
      const parts = [
        ...outcome.completed.slice(0, 2).map((item) => ending(item, 80)),
        ...outcome.failed.slice(0, 2).map((item) => `not ${ending(item, 80)}`),
      ];
      return `Partly done${because(parts.length > 0 ? parts.join(', ') : outcome.verdict)}`;
    }
    case 'failure':
      return `Failed${because(outcome.reason ?? outcome.details)}`;
    case 'abstained':
      return isUnknown(outcome) ? 'How it ended is not known' : `Given up${because(outcome.reason)}`;
  }
}

/** Errors that were made good with what did it, what stayed broken, the last checks, the last change: in their order. */
function keySteps(attempt: Attempt): readonly number[] {
  const { recoveries, evidence } = attempt;
  const wanted = [
    ...recoveries.flatMap(({ failedStep, fixSteps = [], fixedStep }) => [...fixSteps, fixedStep, failedStep]),
    ...openFailures(attempt)
      .flatMap(({ steps }) => steps.slice(-1).map(({ number }) => number))
      .toReversed(),
    ...evidence
      .filter((check) => !isCheck(check))
      .map(({ step }) => step)
      .toReversed(),
    ...lastChecks(attempt).map(({ step }) => step),
    ...changingSteps(attempt)
      .map(({ number }) => number)
      .toReversed(),
  ];
  return [...new Set(wanted)].slice(0, MAX_KEY_STEPS).sort((a, b) => a - b);
}

function withStop(text: string): string {
  return text === '' || /[.!?…。！？]$/u.test(text) ? text : `${text}.`;
}
