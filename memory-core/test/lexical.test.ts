// The offline embedder and its lexicon: a fixed function of the text, in any script, that knows other words for the same.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEXICAL_DIMENSIONS, LEXICAL_NOISE, lexicalEmbedder, lexicalVector } from '../src/embed/lexical.ts';
import { lexicon } from '../src/embed/lexicon.ts';
import { LEXICON_TABLE } from '../src/embed/lexicon-table.ts';
import { queryTerms, tokenize } from '../src/retrieve/tokenize.ts';

const words = lexicon();
const vectorOf = (text: string): Float32Array => lexicalVector(text, words);
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
const cosine = (a: string, b: string): number => dot(vectorOf(a), vectorOf(b));

describe('the embedder', () => {
  test('a batch is answered with one vector for each text, in their order [EM-01]', async () => {
    const vectors = await lexicalEmbedder().embed(['fix the login', 'add an index'], { purpose: 'document' });
    expect(vectors).toEqual([vectorOf('fix the login'), vectorOf('add an index')]);
  });

  test('a text is the same document as it is a query, in any embedder [EM-01]', async () => {
    const [document] = await lexicalEmbedder().embed(['fix the login'], { purpose: 'document' });
    const [query] = await lexicalEmbedder().embed(['fix the login'], { purpose: 'query' });
    expect(query).toEqual(document);
  });

  test('a call that was given up is refused [EM-01]', async () => {
    const call = lexicalEmbedder().embed(['a'], { purpose: 'query', signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('vectors are what this version of the model has always given: a change needs a new model name [EM-01]', () => {
    const texts = [
      '',
      '+++',
      'Users cannot log in: TypeError in src/auth/parseToken.ts, exit code 2',
      'count the lines of every *.log file in /var/log and archive them as backup_2024.tar.gz',
      'Cancel my reservation H9ZU1C and refund the credit card, please',
      '修复登录错误 διόρθωσε τη σύνδεση исправить вход',
    ];
    const hash = createHash('sha256');
    for (const text of texts) hash.update(Int8Array.from(vectorOf(text), (value) => Math.round(value * 100)));
    expect({ model: lexicalEmbedder().model, vectors: hash.digest('hex').slice(0, 16) }).toEqual({
      model: 'lexical/1',
      vectors: 'b34be799f18939f9',
    });
  });
});

describe('any text', () => {
  test.each([
    ['nothing', ''],
    ['blanks', ' \n\t '],
    ['symbols', '+++ === !!! 🎉'],
    ['half a character', '\ud800'],
    ['NUL', '\0'],
    ['stop words', 'to be or not to be'],
    ['Greek', 'διόρθωσε τη σύνδεση'],
    ['Chinese', '修复登录错误'],
    ['Arabic', 'إصلاح تسجيل الدخول'],
    ['Thai', 'แก้ไขการเข้าสู่ระบบ'],
    ['10 kB', 'find the flight that leaves first '.repeat(300)],
  ])('%s has a vector of length 1 [RE-09]', (_, text) => {
    const vector = vectorOf(text);
    expect(vector).toHaveLength(LEXICAL_DIMENSIONS);
    expect(Math.abs(Math.hypot(...vector) - 1)).toBeLessThan(1e-5);
  });

  test('whatever the characters, the vector has length 1 and is the same again [EM-01]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const vector = vectorOf(text);
        expect(Math.abs(Math.hypot(...vector) - 1)).toBeLessThan(1e-5);
        expect(vectorOf(text)).toEqual(vector);
      }),
    );
  });

  test('the empty text is near to nothing [EM-01]', () => {
    for (const text of ['fix the login', 'cancel my flight', '修复登录错误', '+++']) {
      expect(Math.abs(cosine('', text))).toBeLessThan(LEXICAL_NOISE);
    }
  });

  test('texts of symbols alone are told apart [EM-01]', () => {
    expect(cosine('=== !==', '=== !==')).toBeGreaterThan(0.99);
    expect(cosine('=== !==', '=== !=')).toBeGreaterThan(cosine('=== !==', '&& ||'));
  });

  test.each([
    ['Russian', 'исправить ошибку входа', 'исправление ошибок при входе', 'добавить новый индекс таблицы'],
    ['Chinese', '修复登录错误', '登录错误的修复', '添加数据库索引'],
    ['German', 'Benutzeranmeldung reparieren', 'die Anmeldung des Benutzers reparieren', 'Tabellenindex erstellen'],
    ['Korean', '로그인 오류 수정', '로그인 오류를 수정했다', '데이터베이스 색인 추가'],
  ])('in %s, other forms of the same words are nearer than other words [RE-09]', (_, text, alike, other) => {
    expect(cosine(text, alike)).toBeGreaterThan(cosine(text, other) + 0.2);
  });
});

describe('nearness', () => {
  test('a typing mistake is nearer than another word [EM-01]', () => {
    expect(cosine('quantization', 'quantzation')).toBeGreaterThan(LEXICAL_NOISE);
    expect(cosine('quantization', 'quantzation')).toBeGreaterThan(cosine('quantization', 'pagination'));
  });

  test('an identifier is near to its words, however it is written, and nearest to itself [RE-09]', () => {
    expect(cosine('parseHttpUrl', 'parse http url')).toBeGreaterThan(0.8);
    expect(cosine('parse_http_url', 'parse http url')).toBeGreaterThan(0.8);
    expect(cosine('see src/auth/token.ts', 'open src/auth/token.ts')).toBeGreaterThan(
      cosine('see src/auth/token.ts', 'open src auth token ts'),
    );
  });

  test('words that say nothing do not bring texts together [EM-01]', () => {
    const both = cosine('could you please fix the login for me', 'could you please sort the parcels for me');
    expect(both).toBeLessThan(LEXICAL_NOISE);
  });

  test.each([
    ['fix the sign in', 'repair authentication', 'repair the calendar'],
    ['k8s pod dies', 'kubernetes container crashes', 'bookmark list overflows'],
    ['out of memory', 'OOM', 'out of stock'],
    ['make the script executable', 'chmod +x run.sh', 'gzip run.sh'],
    ['count the words', 'wc -w', 'ln -s'],
    ['send the money back', 'refund', 'boarding pass'],
    ['creating a directory', 'mkdir', 'kill'],
    ['NPE', 'cannot read properties of undefined', 'port already in use'],
  ])('%s is nearer to %s than to %s [EM-01]', (text, same, other) => {
    expect(cosine(text, same)).toBeGreaterThan(LEXICAL_NOISE);
    expect(cosine(text, same)).toBeGreaterThan(cosine(text, other) + 0.1);
  });

  test('tasks said in other words are found five times as often as by their words [EM-01]', () => {
    const file = new URL('../../benches/data/paraphrases.json', import.meta.url);
    const texts: readonly string[] = JSON.parse(readFileSync(file, 'utf8')).flat();
    expect(texts.length).toBeGreaterThanOrEqual(120);
    const vectors = texts.map(vectorOf);
    const terms = texts.map((text) => new Set(queryTerms(text)));
    const byMeaning = foundFirst(texts, (a, b) => dot(vectors[a]!, vectors[b]!));
    const byWords = foundFirst(texts, (a, b) => [...terms[a]!].filter((term) => terms[b]!.has(term)).length);
    expect(byMeaning / texts.length).toBeGreaterThan(0.45);
    expect(byMeaning).toBeGreaterThan(5 * byWords);
  });
});

describe('the lexicon', () => {
  const listed = LEXICON_TABLE.split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace('~', '').split(' '));

  test('it has at least 1500 terms, each with few meanings, and no meaning of one term [EM-01]', () => {
    expect(new Set(listed.flat()).size).toBeGreaterThanOrEqual(1_500);
    for (const { name, terms } of words.meanings()) {
      expect.soft(terms.length, name).toBeGreaterThan(1);
      for (const term of terms) expect.soft(words.meaningsIn([term]).length, term).toBeLessThanOrEqual(4);
    }
  });

  test('every entry can be found in a text: it is one term of the tokenizer, or two [EM-01]', () => {
    for (const entry of listed.flat()) {
      const terms = tokenize(entry);
      expect.soft(terms.length, entry).toBeGreaterThan(0);
      expect
        .soft(
          words.meaningsIn(terms).some(({ meaning }) => meaning.terms.includes(terms.join(' '))),
          entry,
        )
        .toBe(true);
    }
  });

  test('each meaning has a name of its own that is no word [EM-01]', () => {
    const names = words.meanings().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !name.includes('/'))).toEqual([]);
  });

  test('all forms of a verb have its meaning, and a phrase is found across small words [EM-01]', () => {
    const namesIn = (text: string): readonly string[] =>
      words.meaningsIn(tokenize(text)).map(({ meaning }) => meaning.name);
    for (const text of ['create', 'creates', 'created', 'creating']) expect(namesIn(text)).toEqual(['/create']);
    for (const text of ['stop', 'stopped', 'stopping']) expect(namesIn(text)).toEqual(['/stop']);
    expect(namesIn('index is out of the range')).toContain('errors/index_out');
    expect(namesIn('range without index')).not.toContain('errors/index_out');
  });
});

/** How many texts, which stand in pairs, have their partner nearest; where others are as near, a share of it. */
function foundFirst(texts: readonly string[], likeness: (a: number, b: number) => number): number {
  let found = 0;
  for (const asked of texts.keys()) {
    const others = [...texts.keys()].filter((other) => other !== asked);
    const best = Math.max(...others.map((other) => likeness(asked, other)));
    const nearest = others.filter((other) => likeness(asked, other) === best);
    if (nearest.includes(asked ^ 1)) found += 1 / nearest.length;
  }
  return found;
}
