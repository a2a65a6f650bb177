// What node brings is loaded when it is first used, not when a program begins: cryptography, threads and streams take
// longer to load than most commands take, and most commands call none of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A plugin for esbuild, for bundles in CommonJS that it is told not to write: they are written here. The files `required`
 * lie beside them, and are CommonJS: asked for by `import()`, they would wake the loader of modules, which takes longer.
 */
export function lateLoading(required) {
  const imported = new RegExp(`\\bimport\\(("\\./(?:${required.join('|')})")\\)`, 'gu');
  return {
    name: 'late-loading',
    setup({ onEnd }) {
      onEnd(({ outputFiles = [] }) => {
        for (const { path, text } of outputFiles) {
          mkdirSync(dirname(path), { recursive: true });
          const late = withLateBuiltins(text);
          writeFileSync(path, late.replace(imported, 'Promise.resolve().then(()=>require($1))'));
        }
      });
    },
  };
}

/** Each name that esbuild gives to such a module, as the module itself where something of it is used. */
function withLateBuiltins(text) {
  let late = text;
  for (const [, name, whole] of text.matchAll(ASSIGNED)) {
    // Declared, assigned, and otherwise asked for a part of it: nothing else is sure to be no use of the whole.
    const others = late.replaceAll(new RegExp(`\\b${name}(?:\\.|=(?:__toESM\\()?require\\()`, 'gu'), '');
    const declared = new RegExp(`(?<=var |,)${name}(?=[,;])`, 'gu');
    if (new RegExp(`\\b${name}\\b`, 'u').test(others.replace(declared, ''))) continue;
    late = late.replace(`${name}=${whole}`, `${name}=0`).replaceAll(new RegExp(`\\b${name}\\.`, 'gu'), `(${whole}).`);
  }
  return late;
}

const ASSIGNED = /\b(import_\w+)=((?:__toESM\()?require\("node:[\w/]+"\)(?:,1\))?)(?=[,;)])/gu;
