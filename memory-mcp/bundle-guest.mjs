// Makes one script of `src/sandbox/guest/` and writes it into `guest-script.ts`. A test holds that the two agree.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
const target = `${root}src/sandbox/guest-script.ts`;
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/sandbox/guest/main.ts'],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'guest',
  target: 'es2022',
  // Names stay: they are in stack traces. Syntax stays: a shorter form may call what a program can patch.
  minifyWhitespace: true,
  legalComments: 'none',
  charset: 'utf8',
});
const script = `(function(hostLog,hostCall){'use strict';${outputFiles[0].text.trim()}return guest.open(hostLog,hostCall)})`;
const text = `// What \`guest/\` comes to as one script: \`npm run build\` in this package writes this file.

/** Evaluates to a function \`(hostLog, hostCall) => GuestControls\`; see \`guest/main.ts\`. */
export const GUEST_SCRIPT: string =
  ${JSON.stringify(script)};
`;
// Left alone where nothing has changed, so that nothing is built anew for it.
if (readFileSync(target, 'utf8') !== text) writeFileSync(target, text);
