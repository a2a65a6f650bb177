// Records the corpus of errors and what fixed them: each case is a small program that is broken, run with the real tool,
// repaired and run again in a folder that is thrown away. `node benches/corpus/record.mjs` writes error-fix.jsonl anew,
// with names of families behind it those alone. Cases of a tool that is not there stay as they were.
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
import { c } from './families/c.mjs';
import { data } from './families/data.mjs';
import { git } from './families/git.mjs';
import { java } from './families/java.mjs';
import { javascript } from './families/javascript.mjs';
import { python } from './families/python.mjs';
import { rust } from './families/rust.mjs';
import { shell } from './families/shell.mjs';
import { testing } from './families/testing.mjs';
import { typescript } from './families/typescript.mjs';
import { clipped, has, neutralPaths, PLACES, put, root, runShell, shellStep, toolEnvironment } from './recording.mjs';

const FAMILIES = [typescript, javascript, testing, data, shell, git, python, c, rust, java].flat();
const KEPT_OF_ERROR = 3_000;
const KEPT_OF_SUCCESS = 300;

const output = fileURLToPath(new URL('./error-fix.jsonl', import.meta.url));

async function main(names) {
  const needed = [...new Set(FAMILIES.map(({ needs }) => needs))];
  const missing = needed.filter((tool) => !has(tool));
  if (missing.length > 0) console.log(`Left as they were, as the tool is not here: ${missing.join(', ')}`);
  const chosen = FAMILIES.filter(
    ({ name, needs }) => !missing.includes(needs) && (names.length === 0 || names.includes(name)),
  );
  const environment = toolEnvironment();
  const known = existsSync(output)
    ? readFileSync(output, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
  const lines = new Map(
    FAMILIES.map(({ name }) => [name, known.filter((line) => JSON.parse(line).metadata.family === name)]),
  );
  for (const family of chosen) {
    const made = [];
    for (const [variant, one] of family.cases.entries()) {
      try {
        made.push(JSON.stringify(await recorded(family, variant, one, environment)));
      } catch (cause) {
        console.error(`${family.name}/${variant}: ${cause.message}`);
        process.exitCode = 1;
      }
    }
    console.log(`${family.name}: ${made.length} of ${family.cases.length}`);
    lines.set(family.name, made);
    writeFileSync(output, `${[...lines.values()].flat().join('\n')}\n`);
  }
}

/** One case as an episode: what was written, how it failed, what was changed, that it then went well. */
async function recorded(family, variant, one, environment) {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'error-fix-')));
  const folder = join(scratch, one.folder ?? 'app');
  try {
    const files = { ...family.files, ...ownCode(one), ...one.files };
    mkdirSync(join(scratch, 'home'));
    mkdirSync(folder);
    for (const [path, text] of Object.entries(files)) put(folder, path, broken(text));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const neutral = neutralPaths(scratch, PLACES[(family.name.length + variant) % PLACES.length]);
    const run = async (command) =>
      neutral(await runShell(command, folder, { ...environment, HOME: join(scratch, 'home') }));
    for (const command of [...(family.setup ?? []), ...(one.setup ?? [])]) {
      const { code, text } = await run(command);
      if (code !== 0) throw new Error(`its preparation "${command}" ended with ${code}:\n${text}`);
    }
    const command = one.command ?? family.command;
    const failed = await run(command);
    if (failed.code === 0) throw new Error(`"${command}" was to fail and did not:\n${failed.text}`);
    const fixes = [];
    for (const [path, text] of Object.entries(files).filter(([, text]) => text.includes('«'))) {
      put(folder, path, repaired(text));
      fixes.push(editStep(path, text, one.why));
    }
    for (const repair of [one.repair ?? []].flat()) {
      const done = await run(repair);
      if (done.code !== 0) throw new Error(`its repair "${repair}" ended with ${done.code}:\n${done.text}`);
      fixes.push(shellStep(one.why, repair, { type: 'success', output: clipped(done.text, KEPT_OF_SUCCESS) }));
    }
    const again = one.again ?? command;
    const fixed = await run(again);
    if (fixed.code !== 0) throw new Error(`"${again}" still failed with ${fixed.code}:\n${fixed.text}`);
    const written = Object.keys(files).filter((path) => !(path in (family.files ?? {})));
    return {
      task_description: one.task,
      domain: 'error-fix',
      task_type: 'debugging',
      language: family.language,
      metadata: { family: family.name, tool: family.needs, variant, part: variant % 2 === 0 ? 'build' : 'judge' },
      steps: [
        ...written.slice(0, 1).map((path) => ({
          tool: 'write',
          action: `write ${path}`,
          parameters: { file_path: path },
          result: { type: 'success' },
        })),
        shellStep(`run ${command}`, command, {
          type: 'error',
          message: `${clipped(failed.text, KEPT_OF_ERROR)}\nExit code ${failed.code}`,
        }),
        ...fixes,
        shellStep(`run ${again}`, again, { type: 'success', output: clipped(fixed.text, KEPT_OF_SUCCESS) }),
      ],
      outcome: { kind: 'success', artifacts: [] },
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Code of this repository, copied as it is but for one passage that is made wrong. */
function ownCode({ own }) {
  if (own === undefined) return {};
  const text = readFileSync(join(root, own.path), 'utf8');
  if (!text.includes(own.good))
    throw new Error(`${own.path} no longer has the passage that is to be broken: ${own.good}`);
  return { [own.as]: text.replace(own.good, () => `«${own.bad}⇒${own.good}»`) };
}

/** `«wrong⇒right»` marks what is to be repaired. */
const MARK = /«([^»]*?)⇒([^»]*?)»/gu;
const broken = (text) => text.replace(MARK, (_, bad) => bad);
const repaired = (text) => text.replace(MARK, (_, __, good) => good);

function editStep(path, text, why) {
  const changed = [...text.matchAll(/^.*«[^»]*».*$/gmu)].map(([lines]) => lines);
  const parameters = {
    file_path: path,
    old_string: changed.map(broken).join('\n'),
    new_string: changed.map(repaired).join('\n'),
  };
  return { tool: 'edit', action: why, parameters, result: { type: 'success' } };
}

await main(process.argv.slice(2));
