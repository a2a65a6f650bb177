// Which steps check the work: tests, type checks, linters, builds. Pure.
import type { Step } from '../episode.ts';

/** Command words that check work, as whole words of a step's tool, action or command. */
const CHECKS =
  /(?<![\p{L}\p{N}_])(?:tests?|pytest|vitest|jest|mocha|tsc|typecheck|type-check|eslint|ruff|clippy|lint|build|mypy|phpunit|rspec|ctest)(?![\p{L}\p{N}_])|(?:go|cargo|npm|make|mvn|gradle) (?:test|check|vet)/iu;

/** Whether the step ran a check. Judged from its tool and command, or its action where no command is recorded. */
export function isVerification(step: Step): boolean {
  const command = step.parameters.command;
  return CHECKS.test(`${step.tool} ${typeof command === 'string' ? command : step.action}`);
}
