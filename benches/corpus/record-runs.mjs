// Records runs whose real outcome is judged by a check that the run did not make: each task is broken in two places, worked
// on in one of many ways with the real tools, in a folder that is thrown away. `node benches/corpus/record-runs.mjs`
// writes judged-runs.jsonl anew, with names of tasks behind it those alone.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clipped, has, neutralPaths, PLACES, put, root, runShell, shellStep, toolEnvironment } from './recording.mjs';
import { javascript } from './tasks/javascript.mjs';
import { python } from './tasks/python.mjs';
import { rust } from './tasks/rust.mjs';
import { typescript } from './tasks/typescript.mjs';

const TASKS = [javascript, typescript, python, rust].flat();
const KEPT_OF_OUTPUT = 1_200;
const output = fileURLToPath(new URL('./judged-runs.jsonl', import.meta.url));

/** What a run does, one after the other. */
const WAYS = {
  'fixed, tested': 'look test fix test',
  'fixed, tested, committed': 'look test fix test commit',
  'fixed, tested, looked at': 'look test fix test diff',
  'fixed, tested, searched for what is left': 'look test fix test search',
  'fixed, tested, push refused': 'look test fix test commit push',
  'fixed, tested behind a pipe': 'look fix piped',
  'fixed, only linted': 'look fix lint',
  'fixed, not checked': 'look fix diff',
  'fixed after two failed attempts': 'look test wrong test half test fix test lint',
  'fixed, then only a part tested': 'look test fix two',
  'half fixed, seen failing': 'look test half test',
  'half fixed, failing behind a pipe': 'look half piped',
  'half fixed, failure passed over': 'look test half forgiven',
  'half fixed, only that part tested': 'look test half one',
  'half fixed, seen failing, committed': 'look test half test commit',
  'fixed, something else broken, seen failing': 'look test breaking test',
  'fixed, something else broken, only that part tested': 'look test breaking two',
  'not fixed, looked at': 'look test wrong test status',
  'not fixed, only linted': 'look wrong lint',
  'not fixed, not checked': 'look wrong diff',
  'not fixed, thrown away': 'look test wrong test revert',
  'tests weakened': 'look test wrong skip test',
  'tests weakened, committed': 'look wrong test skip test commit',
  'made for the tests alone': 'look test special test',
};

async function main(names) {
  const environment = toolEnvironment();
  const known = existsSync(output) ? readFileSync(output, 'utf8').trim().split('\n') : [];
  const lines = new Map(
    TASKS.map(({ name }) => [name, known.filter((line) => JSON.parse(line).metadata.task === name)]),
  );
  for (const task of TASKS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    if (!has(task.needs)) {
      console.log(`${task.name}: left as it was, as ${task.needs} is not here`);
      continue;
    }
    const made = [];
    for (const [number, way] of Object.keys(WAYS).entries()) {
      made.push(JSON.stringify(await recorded(task, { way, place: PLACES[number % PLACES.length], environment })));
    }
    console.log(
      `${task.name}: ${made.length}, solved ${made.filter((line) => JSON.parse(line).metadata.is_solved).length}`,
    );
    lines.set(task.name, made);
    writeFileSync(output, `${[...lines.values()].flat().join('\n')}\n`);
  }
}

async function recorded(task, { way, place, environment }) {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'judged-run-')));
  const folder = join(scratch, 'app');
  try {
    mkdirSync(join(scratch, 'home'));
    mkdirSync(folder);
    const files = { ...task.files, [task.file]: stateOf(task, 'broken'), [task.testFile]: task.tests };
    for (const [path, text] of Object.entries(files)) put(folder, path, text);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const neutral = neutralPaths(scratch, place);
    const run = async (command) =>
      neutral(await runShell(command, folder, { ...environment, HOME: join(scratch, 'home') }));
    const prepared = await run(PREPARATION);
    if (prepared.code !== 0) throw new Error(`git could not be prepared: ${prepared.text}`);
    let state = 'broken';
    const steps = [];
    for (const verb of WAYS[way].split(' ')) {
      if (verb === 'skip' || STATES[verb] !== undefined) {
        const path = verb === 'skip' ? task.testFile : task.file;
        const before = verb === 'skip' ? task.tests : stateOf(task, state);
        const after = verb === 'skip' ? task.skip(task.tests) : stateOf(task, verb);
        if (before === after) throw new Error(`${task.name}: ${verb} changes nothing`);
        put(folder, path, after);
        steps.push(editStep(path, before, after));
        if (verb !== 'skip') state = verb;
      } else {
        const command = commandOf(task, verb);
        const { code, text } = await run(command);
        const told = clipped(text, KEPT_OF_OUTPUT);
        const result =
          code === 0 ? { type: 'success', output: told } : { type: 'error', message: `${told}\nExit code ${code}` };
        steps.push(shellStep(`run ${command}`, command, result));
      }
    }
    put(folder, task.hiddenFile, task.hidden);
    const judged = await run(task.hiddenRun);
    return {
      task_description: task.task,
      domain: 'judged-runs',
      task_type: 'debugging',
      language: task.language,
      metadata: { task: task.name, way, is_solved: judged.code === 0 },
      steps,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const PREPARATION =
  'git init -q && git config user.name Dev && git config user.email dev@example.org && git add -A -- . ":!node_modules" && git commit -qm start && echo node_modules >> .git/info/exclude';

/** How the code is after each kind of edit: which variant each of its three parts has. */
const STATES = {
  broken: { a: 'bad', b: 'bad', g: 'good' },
  fix: { a: 'good', b: 'good', g: 'good' },
  half: { a: 'good', b: 'bad', g: 'good' },
  breaking: { a: 'good', b: 'good', g: 'bad' },
  wrong: { a: 'wrong', b: 'bad', g: 'good' },
  special: { a: 'special', b: 'special', g: 'good' },
};

function stateOf(task, state) {
  const { a, b, g } = STATES[state];
  return task.code({ a: task.a[a], b: task.b[b], g: task.g[g] });
}

function commandOf({ all, one, two, lint, file }, verb) {
  const commands = {
    look: `cat ${file}`,
    test: all,
    one,
    two,
    lint,
    piped: `${all} 2>&1 | tail -n 25`,
    forgiven: `${all} || true`,
    commit: `git add -A && git commit -qm "Mend ${file}"`,
    push: 'git push origin HEAD',
    diff: 'git diff --stat',
    status: 'git status --short',
    search: `grep -n TODO ${file}`,
    revert: 'git checkout -- .',
  };
  return commands[verb];
}

/** The lines that differ. */
function editStep(path, before, after) {
  const [old, made] = [before.split('\n'), after.split('\n')];
  const parameters = {
    file_path: path,
    old_string: old.filter((line) => !made.includes(line)).join('\n'),
    new_string: made.filter((line) => !old.includes(line)).join('\n'),
  };
  return { tool: 'edit', action: `change ${path}`, parameters, result: { type: 'success' } };
}

await main(process.argv.slice(2));
