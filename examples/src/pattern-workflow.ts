// What many attempts teach: a pattern that survives a test for chance, kinds of task, a playbook, and feedback on it.
import assert from 'node:assert/strict';
import { inMemoryStore, openMemory, type StepInput } from '@episodica/memory-core';

const memory = openMemory({ store: inMemoryStore() });

// Eighty tasks of two kinds. Releases that ran the migration before the deployment went well, the others mostly did not.
for (let task = 0; task < 80; task += 1) {
  const isRelease = task % 2 === 0;
  const isMigratedFirst = task % 4 === 0;
  const description = isRelease
    ? `Release version 2.${task} of the billing service to production`
    : `Translate the page about ${['refunds', 'invoices', 'vouchers', 'taxes'][task % 3]} into ${['Danish', 'Polish'][task % 5] ?? 'Dutch'}, draft ${task}`;
  const commands = isMigratedFirst ? ['migrate', 'deploy'] : ['deploy', 'migrate'];
  const steps: readonly StepInput[] = isRelease
    ? [{ tool: 'git', action: 'tag' }, ...commands.map((tool) => ({ tool, action: `${tool} billing` }))]
    : [
        { tool: 'read', action: 'the page' },
        { tool: 'translate', action: 'paragraph by paragraph' },
      ];
  const isSuccess = isRelease ? isMigratedFirst !== (task % 20 === 0) : task % 3 > 0;
  const { episode } = await memory.createEpisode({ description, domain: 'operations' });
  await memory.addSteps(episode.id, steps);
  const end = isSuccess
    ? { kind: 'success' as const }
    : { kind: 'failure' as const, reason: 'The service stayed down.' };
  await memory.completeEpisode(episode.id, end);
}
// #region patterns
// It learns by itself, in the background; this waits for it.
await memory.learnPending();
const [best] = await memory.listPatterns({ domain: 'operations', standings: ['confirmed'] });
// #endregion
assert.equal(best?.pattern.standing, 'confirmed');
console.log(`${best.pattern.kind}, ${best.pattern.standing}: ${best.statement}`);
console.log(`borne out by ${best.evidence.length} episodes, spoken against by ${best.against.length}`);

const { clusters } = await memory.listClusters();
assert.ok(clusters.some(({ label }) => label.includes('billing')));
for (const { label, size, successes, ended } of clusters) {
  console.log(`kind of task "${label}": ${size} episodes, ${successes} of ${ended} succeeded`);
}

const task = 'Release version 3.0 of the billing service to production';
// #region playbook
const { playbook, recommendationId } = await memory.recommend({ description: task, domain: 'operations' });
console.log(`${task}\n  fit: ${playbook.fit.reason}\n  risk: ${playbook.risk.reason}`);
for (const step of playbook.steps) console.log(`  do: ${step.text}`);
for (const warning of playbook.warnings) console.log(`  beware: ${warning.text}`);
// #endregion
// Every part tells of the same attempts: how many of them succeeded is said once and means one thing.
const [release] = clusters.filter(({ label }) => label.includes('billing'));
assert.ok(playbook.risk.reason.startsWith(`${release?.successes} of ${release?.ended} attempts`));
const tools = playbook.steps.map(({ text }) => text);
assert.ok(tools.findIndex((text) => text.includes('migrate')) < tools.findIndex((text) => text.includes('deploy')));

// What was followed and helped is ranked higher from then on, a warning that was heeded as well. What was only shown is not.
const followed = [...playbook.steps, ...playbook.warnings].flatMap(({ patternIds }) => patternIds);
const [first] = followed;
assert.ok(first !== undefined, 'No confirmed pattern is cited by the playbook.');
// #region feedback
await memory.recordFeedback({ recommendationId, applied: followed, helped: followed, isSuccess: true });
// #endregion
const pattern = (await memory.getPattern(first))?.pattern;
assert.equal(pattern?.standing, 'confirmed');
assert.equal(pattern.applied, 1);
assert.equal(pattern.appliedSuccesses, 1);
console.log(`followed ${pattern.applied} time, helped ${pattern.appliedSuccesses} time`);
await memory.close();
