// Sources that are meant to break what reads them: T25.
import type { Attack } from './attack.ts';

type Source = readonly [name: string, code: string, about: string, outcome: Attack['outcome']];

const ANY_REFUSAL = ['SYNTAX', 'STACK', 'STATIC_REJECTED', 'TYPESCRIPT'] as const;

/** Hostile sources, as JavaScript and as TypeScript. */
export const SOURCE_ATTACKS: readonly Attack[] = [
  ...sources('javascript', [
    ['one byte too long', `1//${'x'.repeat(65_534)}`, 'a source of 64 KB and a byte', 'STATIC_REJECTED'],
    ['a megabyte', '1;'.repeat(500_000), 'a source of 1 MB', 'STATIC_REJECTED'],
    ['open brackets', '['.repeat(65_000), '65,000 open brackets', ANY_REFUSAL],
    [
      'nested brackets',
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      '30,000 pairs of brackets',
      [...ANY_REFUSAL, 'RESULT_TOO_LARGE'],
    ],
    ['nested parentheses', '('.repeat(30_000), '30,000 parentheses', ANY_REFUSAL],
    ['nested blocks', `${'if(1){'.repeat(1_000)}${'}'.repeat(1_000)}`, '1,000 nested blocks', ['ok', ...ANY_REFUSAL]],
    [
      'nested functions',
      `${'(()=>'.repeat(5_000)}1${')'.repeat(5_000)}`,
      '5,000 nested functions',
      ['ok', ...ANY_REFUSAL],
    ],
    [
      'nested templates',
      `${'`${'.repeat(3_000)}1${'}`'.repeat(3_000)}`,
      '3,000 nested templates',
      ['ok', ...ANY_REFUSAL],
    ],
    ['unary operators', `${'!'.repeat(60_000)}1`, '60,000 operators', ['ok', ...ANY_REFUSAL]],
    ['long chain', `1${'+1'.repeat(32_000)}`, 'a sum of 32,000 numbers', ['ok', ...ANY_REFUSAL]],
    [
      'many variables',
      Array.from({ length: 6_000 }, (_, index) => `let v${index};`).join(''),
      '6,000 variables',
      ['ok', ...ANY_REFUSAL],
    ],
    ['lone surrogate', '"\ud800" + 1; const \udfff = 1;', 'halves of characters', 'STATIC_REJECTED'],
    ['byte order mark', '\ufeff1 + 1', 'a mark before the first character', ['ok', 'SYNTAX']],
    ['binary', '\u0000\u0001\u0002\u00ff\u0000', 'no text at all', 'STATIC_REJECTED'],
    ['source map', '1\n//# sourceMappingURL=file:///etc/passwd', 'a comment that names a file', 'ok'],
    ['end of script', '"</script><script>"; 1 //</script>', 'the end of a script in a page', 'ok'],
    ['HTML comment', '<!-- 1\n2\n--> 3', 'comments of another age', ['ok', 'SYNTAX']],
    ['hash bang', '#!/usr/bin/env node\n1', 'a line for a shell', ['ok', 'SYNTAX']],
    [
      'closing our frame',
      '})(); globalThis.left = 1; (() => { return 1',
      'closes what the sandbox puts around it; what it reaches there is its own',
      ['ok', 'SYNTAX'],
    ],
    ['unclosed', '/* never closed', 'a comment without an end', 'SYNTAX'],
    ['endless expression', `/${'('.repeat(20_000)}/`, 'an expression of 20,000 groups', ANY_REFUSAL],
  ]),
  ...sources('typescript', [
    ['types: open brackets', '['.repeat(65_000), '65,000 open brackets', ANY_REFUSAL],
    [
      'types: nested blocks',
      `let a: number = 1; ${'if(1){'.repeat(1_000)}${'}'.repeat(1_000)}`,
      '1,000 nested blocks',
      ANY_REFUSAL,
    ],
    ['types: 200 levels', `const a: unknown = ${'['.repeat(150)}${']'.repeat(150)}; 1`, '150 levels are fine', 'ok'],
    ['types: angle brackets', `const a: unknown = ${'<T>('.repeat(500)}`, '500 type arguments', ANY_REFUSAL],
    [
      'types: nested types',
      `type A = ${'{a:'.repeat(190)}1${'}'.repeat(190)}; 1`,
      '190 levels of a type',
      ['ok', ...ANY_REFUSAL],
    ],
    ['types: unions', `type A = ${'1|'.repeat(20_000)}1; 1`, 'a union of 20,000', ['ok', ...ANY_REFUSAL]],
    ['types: arrow types', `type A = ${'()=>'.repeat(10_000)}1; 1`, '10,000 arrows', ['ok', ...ANY_REFUSAL]],
    ['types: quotes', `const a: string = ${'"\\'.repeat(10_000)}`, 'quotes that never close', ANY_REFUSAL],
  ]),
  ...[
    ['types: exploding generics', `const f = ${'<T>('.repeat(24)}`, 'takes exponential time to read'],
    ['types: exploding defaults', `const f: unknown = ${'(a='.repeat(26)}`, 'takes exponential time to read'],
  ].map(([name = '', code = '', about = '']): Attack => {
    return {
      threat: 'T25',
      name,
      about,
      code,
      language: 'typescript',
      timeoutMs: 300,
      outcome: ['TIMEOUT_CPU', ...ANY_REFUSAL],
    };
  }),
];

function sources(language: 'javascript' | 'typescript', list: readonly Source[]): readonly Attack[] {
  return list.map(([name, code, about, outcome]) => {
    return { threat: 'T25', name, about, code, language, timeoutMs: 20_000, outcome };
  });
}
