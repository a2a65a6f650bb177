import type { CompletedEpisode, Recovery } from '@episodica/memory-core';
import { aCompletedEpisode } from '@episodica/test-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorExcerpt } from '../src/error-text.ts';
import {
  type ErrorSignature,
  errorSignature,
  looksLikeError,
  signatureMatch,
  signatureTerms,
} from '../src/retrieve/error-signature.ts';
import { bestFixes, hintsFor } from '../src/retrieve/hints.ts';

/** What differs between two occurrences of one error. */
interface Occasion {
  readonly folder: string;
  readonly line: number;
  readonly hash: string;
  readonly address: string;
  readonly ms: number;
}

const occasions: fc.Arbitrary<Occasion> = fc.record({
  folder: fc.constantFrom('/home/ana/app', '/srv/build-7', '/Users/kim/code/shop', '/tmp/x'),
  line: fc.integer({ min: 1, max: 99_999 }),
  hash: fc.integer({ min: 0x1000000, max: 0xfffffff }).map((value) => `${value.toString(16)}0`),
  address: fc.integer({ min: 0x10000000, max: 0x7fffffff }).map((value) => `0x${value.toString(16)}`),
  ms: fc.integer({ min: 0, max: 100_000 }),
});

/** Errors as tools print them, but for the occasion. */
const ERRORS: readonly ((at: Occasion) => string)[] = [
  ({ folder, line }) => `${folder}/src/cart.ts(${line},5): error TS2345: Argument of type 'string' is not assignable.`,
  ({ folder, line, ms }) =>
    `TypeError: Cannot read properties of undefined (reading 'map')\n    at total (${folder}/cart.js:${line}:9)\n    at node:internal/main:1:2\nfailed after ${ms}ms`,
  ({ folder, line }) =>
    `Traceback (most recent call last):\n  File "${folder}/a.py", line ${line}, in total\n    x\nKeyError: 'sum'`,
  ({ folder, line }) => `error[E0382]: borrow of moved value: \`v\`\n --> ${folder}/main.rs:${line}:20\n`,
  ({ folder }) => `Error: ENOENT: no such file or directory, open '${folder}/list.txt'`,
  ({ hash, ms }) => `fatal: reference is not a tree: ${hash}\ntook ${ms} ms`,
  ({ address, line }) => `Segmentation fault at address ${address}, pid ${line}`,
  ({ folder, line }) => `bash: ${folder}/run.sh: line ${line}: Permission denied`,
  ({ folder, line }) => `${folder}/main.c:${line}:3: error: ‘count’ undeclared (first use in this function)`,
];
const errors = fc.constantFrom(...ERRORS);

describe('the signature of an error', () => {
  test('is the same wherever and whenever the error came [RE-06]', () => {
    fc.assert(
      fc.property(errors, occasions, occasions, (error, one, other) => {
        expect(signatureTerms(errorSignature(error(one)))).toEqual(signatureTerms(errorSignature(error(other))));
      }),
    );
  });

  test('is the same in colour, and with any line ends [RE-06]', () => {
    fc.assert(
      fc.property(errors, occasions, (error, occasion) => {
        const plain = error(occasion);
        const coloured = plain.replace(/error|Error|Cannot/gu, (word) => `\u001b[31m${word}\u001b[39m`);
        expect(errorSignature(coloured)).toEqual(errorSignature(plain));
        expect(errorSignature(plain.replaceAll('\n', '\r\n'))).toEqual(errorSignature(plain));
      }),
    );
  });

  test('is that of the excerpt which is stored [RE-06]', () => {
    fc.assert(
      fc.property(errors, occasions, (error, occasion) => {
        const text = error(occasion);
        expect(errorSignature(errorExcerpt(text))).toEqual(errorSignature(text));
      }),
    );
  });

  test.each([
    ["src/a.ts(3,5): error TS2345: Argument of type 'string' is not assignable", { codes: ['ts2345'] }],
    ['error[E0502]: cannot borrow `x` as mutable', { codes: ['e0502'] }],
    ["Error: ENOENT: no such file or directory, open 'a.txt'", { codes: ['enoent'] }],
    ['SqliteError: SQLITE_BUSY: database is locked', { types: ['sqliteerror'], codes: ['sqlite_busy'] }],
    ['The command ended with exit code 127', { codes: ['exit127'] }],
    ['Request failed with status code 404', { codes: ['http404'] }],
    ["  3:7  error  'x' is assigned a value but never used  no-unused-vars", { codes: ['no-unused-vars'] }],
    ['a.ts:1:2 lint/suspicious/noDoubleEquals ━━━━━━', { codes: ['nodoubleequals'] }],
    ['KeyError: 7', { types: ['keyerror'] }],
    ['Exception in thread "main" java.lang.NullPointerException: oh', { types: ['nullpointerexception'] }],
  ])('keeps type and code of %j [RE-06]', (text, expected) => {
    expect(errorSignature(text)).toMatchObject(expected);
  });

  test('keeps names apart from the words of the message [RE-06]', () => {
    const { words, names } = errorSignature("error TS2339: Property 'firstName' does not exist on type 'Member'.");
    expect(names).toEqual(expect.arrayContaining(['first', 'name', 'member']));
    expect(words).not.toContain('member');
    expect(words).toContain('property');
  });

  test.each([
    ['a path of a drive', 'cannot read C:\\build\\out.js here'],
    ['a path in a bracket', 'cannot read (/srv/out.js) here'],
    ['a path behind a place in a file', 'cannot read a.ts:1:2/srv/out here'],
    ['a path with a doubled mark', 'cannot read //srv/out/x here'],
    ['an address', 'cannot read git+https://example.org/out here'],
    ['a file with a place', 'cannot read out-file.ts:12:3 here'],
    ['a file behind a mark', 'cannot read --out-file.json here'],
  ])('leaves %s out, wherever in a word it begins [RE-06]', (_what, text) => {
    expect(errorSignature(text)).toMatchObject({ words: ['cannot', 'read', 'here'], names: [] });
  });

  test('finds the names in a word of many parts, and what is told of a word as a whole [RE-06]', () => {
    expect(errorSignature('error: my.own.table is not defined').names).toContain('myowntable');
    expect(errorSignature('error: a std::vec::from_iter() failed').names).toContain('stdvecfromiter');
    expect(errorSignature('error: reading $fooBar$baz failed').names).toContain('foobarbaz');
  });

  test('leaves out what a compiler points with and what a build tool adds [RE-06]', () => {
    const output = [
      'main.c:3:5: error: use of undeclared thing',
      '    3 |     x^y = 1;',
      '      |     ^~~~~ ^~',
      '   |  ~~^',
      'make: *** [Makefile:2: *** [all] Error 1',
      'make[1]: *** [Makefile:7: all] Error 2',
    ].join('\n');
    expect(errorExcerpt(output)).toBe('main.c:3:5: error: use of undeclared thing');
    expect(looksLikeError('*** waiting *** Stop.')).toBe(true);
    expect(looksLikeError('*** waiting *** for more')).toBe(false);
  });

  test('has the frames of own code, innermost first, and none of others [RE-06]', () => {
    const stack = [
      'RangeError: no',
      '    at inner (/app/src/deep.js:1:2)',
      '    at lib (/app/node_modules/lib/index.js:3:4)',
      '    at outer (/app/src/main.js:5:6)',
      '    at Module._compile (node:internal/modules:7:8)',
    ].join('\n');
    expect(errorSignature(stack).frames).toEqual(['inner', 'deep.js', 'outer', 'main.js']);
  });

  test('reads the head and the tail of a text, however long it is [RE-06]', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (middle) => {
        const head = `TypeError: cannot do that\n${'.\n'.repeat(4_000)}`;
        const tail = `\n${'.\n'.repeat(4_000)}`;
        const long = head + middle.repeat(Math.ceil(20_000 / middle.length)) + tail;
        expect(errorSignature(long)).toEqual(errorSignature(head + 'x'.repeat(20_000) + tail));
      }),
      { numRuns: 20 },
    );
  });

  test('is bounded for any text [RE-06]', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 3_000 }),
        fc.constantFrom('', 'Error: ', "'", '(at '),
        (text, start) => {
          const terms = signatureTerms(errorSignature(start + text));
          expect(terms.length).toBeLessThan(300);
          expect(terms.every((term) => term.length <= 64)).toBe(true);
        },
      ),
    );
  });

  test('speaks any language [RE-06]', () => {
    const chinese = errorSignature('ValueError: 文件不存在: /数据/订单.csv');
    expect(chinese.types).toEqual(['valueerror']);
    expect(chinese.words).toContain('文件');
    expect(errorSignature('Ошибка: файл не найден').words).toContain('файл');
    expect(() => errorSignature('Error: \ud800 \u0000 \udfff')).not.toThrow();
  });
});

describe('the match of two signatures', () => {
  const signatures = fc.tuple(errors, occasions).map(([error, occasion]) => errorSignature(error(occasion)));

  test('lies in 0–1, is the same from both sides, and 1 for the same error [RE-06]', () => {
    fc.assert(
      fc.property(signatures, signatures, (one, other) => {
        const match = signatureMatch(one, other);
        expect(match).toBeGreaterThanOrEqual(0);
        expect(match).toBeLessThanOrEqual(1);
        expect(signatureMatch(other, one)).toBeCloseTo(match, 12);
        expect(signatureMatch(one, one)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('is nothing for other types, and little for other codes, whatever the words [RE-06]', () => {
    const match = (a: string, b: string): number => signatureMatch(errorSignature(a), errorSignature(b));
    expect(match('TypeError: x is not allowed here', 'RangeError: x is not allowed here')).toBe(0);
    expect(match('error TS2322: Type is wrong', 'error TS2345: Type is wrong')).toBeLessThanOrEqual(0.5);
  });

  test('is higher for the same message about other things than for another message about the same [RE-06]', () => {
    const asked = errorSignature("TypeError: Cannot read properties of undefined (reading 'total')");
    const otherThing = errorSignature("TypeError: Cannot read properties of undefined (reading 'name')");
    const otherMessage = errorSignature("TypeError: 'total' must be a function and is not callable");
    expect(signatureMatch(asked, otherThing)).toBeGreaterThan(signatureMatch(asked, otherMessage));
  });

  test('is higher for the same operation in another file than for another operation in the same file [RE-06]', () => {
    const denied = (operation: string, where: string): ErrorSignature =>
      errorSignature(
        `botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the ${operation} operation: Access Denied (at ${where})`,
      );
    const asked = denied('PutObject', 'upload in upload.py');
    const otherFile = signatureMatch(asked, denied('PutObject', 'save in backup.py'));
    expect(otherFile).toBeGreaterThan(signatureMatch(asked, denied('GetObject', 'upload in upload.py')));
  });

  test('stands where only one of the two names a type [RE-06]', () => {
    const untyped = errorSignature('Error: payment method not found');
    const typed = errorSignature('PaymentError: payment method not found');
    expect(signatureMatch(untyped, typed)).toBeGreaterThan(0.7);
    expect(signatureMatch(errorSignature('LookupError: payment method not found'), typed)).toBe(0);
  });
});

describe('an error in a question', () => {
  test.each([
    "TypeError: Cannot read properties of undefined (reading 'map')",
    "TypeError [Error]: Cannot read properties of null (reading '1')",
    'src/a.ts(1,2): error TS2304: Cannot find name',
    'src/a.ts:1:2 - error TS2304: Cannot find name',
    'bash: line 1: foo: command not found',
    'sh: 1: jqq: not found',
    'npm error Missing script: "x"',
    'fatal: not a git repository',
    'Traceback (most recent call last):\n  File "a.py"',
    "thread 'main' panicked at src/main.rs:3:5",
    'Error: payment method not found',
    'the tool said:\nError: not enough seats on flight HAT290',
    "strings: '/srv/disk.img': No such file",
  ])('is seen in %j [RE-06]', (text) => {
    expect(looksLikeError(text)).toBe(true);
  });

  test.each([
    'improve error handling in the parser',
    'No such file should be left behind',
    'Add a ValidationError class',
    'why did the test fail',
    '',
  ])('is not seen in %j [RE-06]', (text) => {
    expect(looksLikeError(text)).toBe(false);
  });
});

describe('hints', () => {
  const recovery = (error: string, more: Partial<Recovery> = {}): Recovery => ({
    failedStep: 2,
    fixedStep: 5,
    tool: 'bash',
    action: 'run the tests',
    error,
    fix: ['edit: guard against a missing list'],
    fixSteps: [4],
    ...more,
  });
  const known = (...all: readonly Recovery[]) => all.map((one, at) => ({ episodeId: `episode ${at}`, recovery: one }));
  const ERROR = "TypeError: Cannot read properties of undefined (reading 'map')";

  test('a like error is told with the steps that failed and fixed it [RE-06]', () => {
    const hints = bestFixes(ERROR.replace('map', 'length'), known(recovery(ERROR)));
    expect(hints).toMatchObject([{ episodeId: 'episode 0', failedStep: 2, fixSteps: [4] }]);
    expect(hints[0]?.text).toContain('guard against a missing list');
    expect(hints[0]?.text).toContain('run the tests');
  });

  test('an error of another type is never told [RE-06]', () => {
    fc.assert(
      fc.property(fc.constantFrom('RangeError', 'SyntaxError', 'KeyError', 'IOException'), (type) => {
        expect(bestFixes(ERROR.replace('TypeError', type), known(recovery(ERROR)))).toEqual([]);
      }),
    );
  });

  test('a fix that nothing says anything about is no hint [RE-06]', () => {
    expect(bestFixes(ERROR, known(recovery(ERROR, { fix: [], fixSteps: [] })))).toEqual([]);
  });

  test('the best come first, and three at most [RE-06]', () => {
    const like = ERROR.replace('map', 'length');
    const hints = bestFixes(ERROR, known(recovery(like), recovery(ERROR), recovery(like), recovery(like)));
    expect(hints.map(({ episodeId }) => episodeId)).toEqual(['episode 1', 'episode 0', 'episode 2']);
    expect(hints[0]?.match).toBe(1);
  });

  test('recoveries from before steps were named help all the same [RE-06]', () => {
    const { fixSteps: _, ...old } = recovery(ERROR);
    expect(bestFixes(ERROR, known(old))).toMatchObject([{ failedStep: 2, fixSteps: [] }]);
  });

  test('come from completed episodes [RE-06]', () => {
    const episode: CompletedEpisode = { ...aCompletedEpisode(), recoveries: [recovery(ERROR)] };
    expect(hintsFor(ERROR, [episode])).toMatchObject([{ episodeId: episode.id, match: 1 }]);
  });
});
