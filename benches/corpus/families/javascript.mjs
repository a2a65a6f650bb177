// Mistakes that show when a program runs in Node, and what its linter says before.
const files = { 'package.json': '{ "type": "module", "private": true }' };
const family = (name, cases, more = {}) => ({ name, needs: 'node', language: 'javascript', files, cases, ...more });
const lint = (name, cases) => ({
  name,
  needs: 'biome',
  language: 'typescript',
  files: { ...files, 'biome.json': BIOME },
  cases,
});
const BIOME =
  '{ "root": true, "linter": { "rules": { "recommended": true, "suspicious": { "noConsole": "error", "noExplicitAny": "error" }, "correctness": { "noUnusedVariables": "error", "noUnusedImports": "error" } } }, "formatter": { "enabled": false }, "assist": { "enabled": false } }';

export const javascript = [
  family('node-property-of-undefined', [
    {
      task: 'Print the address on the label',
      command: 'node label.js',
      why: 'customers who pick up have no address',
      files: {
        'label.js': `const customers = [{ name: 'Ada', address: { city: 'Bonn' } }, { name: 'Bo' }];
const label = (customer) => customer.name + ', ' + «customer.address.city⇒(customer.address?.city ?? 'pick-up')»;
for (const customer of customers) console.log(label(customer));
`,
      },
    },
    {
      task: 'Show the last reading of every meter',
      command: 'node bin/meters.js',
      why: 'a meter without readings is passed over',
      files: {
        'bin/meters.js': `import { latest } from '../src/readings.js';\nlatest({ kitchen: [{ kwh: 3 }], cellar: [] });\n`,
        'src/readings.js': `export function latest(meters) {
  for (const [name, readings] of Object.entries(meters)) {
    const last = readings[readings.length - 1];
«⇒    if (last === undefined) continue;
»    console.log(name, last.kwh);
  }
}
`,
      },
    },
    {
      task: 'Read the theme from the settings of the site',
      command: 'node site/build.js',
      why: 'settings may leave the colours out',
      files: {
        'site/build.js': `const settings = JSON.parse('{"title":"Bees"}');
function theme({ colours }) {
  return «colours.map⇒(colours ?? ['yellow']).map»((colour) => '--' + colour);
}
console.log(theme(settings));
`,
      },
    },
    {
      task: 'Give the winner of each round a medal',
      command: 'node rounds.js',
      why: 'a round that was not played has no winner to look for',
      files: {
        'rounds.js': `class Cup {
  constructor(rounds) { this.rounds = rounds; }
  winners() { return this.rounds.map((round) => «round.players⇒(round?.players ?? ['nobody'])»[0]); }
}
console.log(new Cup([{ players: ['Lin'] }, undefined]).winners());
`,
      },
    },
  ]),
  family('node-not-defined', [
    {
      task: 'Make the countdown start at ten',
      command: 'node countdown.js',
      why: 'declare the constant that the loop begins with',
      files: {
        'countdown.js': `«⇒const from = 10;\n»for (let second = from; second > 0; second -= 1) console.log(second);\n`,
      },
    },
    {
      task: 'Write the report into the folder of the month',
      command: 'node jobs/report.mjs',
      why: 'import what joins the folders',
      files: {
        'jobs/report.mjs': `«⇒import { join } from 'node:path';\n»const target = join('reports', '2026-01');\nconsole.log(target);\n`,
      },
    },
    {
      task: 'Let the robot turn left as well',
      command: 'node robot/drive.js',
      why: 'the variable is called heading',
      files: {
        'robot/drive.js': `export function turned(heading) {\n  return («headign⇒heading» + 270) % 360;\n}\nconsole.log(turned(90));\n`,
      },
    },
  ]),
  family('node-not-a-function', [
    {
      task: 'Total the basket with shipping',
      command: 'node basket.js',
      why: 'the total is a number, it is read and not called',
      files: {
        'basket.js': `const basket = { goods: 40, get total() { return this.goods + 5; } };\nconsole.log(basket.total«()⇒»);\n`,
      },
    },
    {
      task: 'Ring all bells of the tower in order',
      command: 'node tower/ring.js',
      why: 'make an array of the set before it is sorted',
      files: {
        'tower/ring.js': `const bells = new Set([3, 1, 2]);\nfor (const bell of «bells.toSorted⇒[...bells].toSorted»()) console.log('ding', bell);\n`,
      },
    },
    {
      task: 'Fetch the exchange rate when the page opens',
      command: 'node page.js',
      why: 'the module exports the function inside an object',
      files: {
        'rates.js': `export const rates = { load: () => 1.08 };\n`,
        'page.js': `import { rates } from './rates.js';\nconst load = «rates⇒rates.load»;\nconsole.log(load());\n`,
      },
    },
  ]),
  family('node-module-not-found', [
    {
      task: 'Reuse the slug of the blog for the wiki',
      command: 'node wiki.js',
      why: 'the file lies in lib',
      files: {
        'lib/slug.js': `export const slug = (title) => title.toLowerCase().replaceAll(' ', '-');\n`,
        'wiki.js': `import { slug } from './«helpers⇒lib»/slug.js';\nconsole.log(slug('Bee Keeping'));\n`,
      },
    },
    {
      task: 'Start the worker from the new entry',
      command: 'node src/main.mjs',
      why: 'name the file with its ending',
      files: {
        'src/worker.mjs': `export const work = () => 'done';\n`,
        'src/main.mjs': `import { work } from './worker«⇒.mjs»';\nconsole.log(work());\n`,
      },
    },
    {
      task: 'Sort contacts by family name',
      command: 'node contacts/list.js',
      why: 'write the name of the file as it is',
      files: {
        'contacts/compare.js': `export const byName = (a, b) => a.localeCompare(b);\n`,
        'contacts/list.js': `import { byName } from './«comparer⇒compare».js';\nconsole.log(['Roe', 'Doe'].sort(byName));\n`,
      },
    },
  ]),
  family('node-package-not-found', [
    {
      task: 'Colour the output of the deploy script',
      command: 'node deploy.js',
      why: 'the runtime can do that itself, no package is needed',
      files: {
        'deploy.js': `«import paint from 'bright-paint-kit';\nconsole.log(paint('done'));⇒import { styleText } from 'node:util';\nconsole.log(styleText('green', 'done'));»\n`,
      },
    },
    {
      task: 'Give every order an identifier',
      command: 'node orders/new.mjs',
      why: 'take it from node:crypto',
      files: {
        'orders/new.mjs': `import { randomUUID } from '«quick-ident-maker⇒node:crypto»';\nconsole.log(randomUUID().length);\n`,
      },
    },
    {
      task: 'Compare two lists of pupils',
      command: 'node school/compare.js',
      why: 'use the deep comparison of node:util',
      files: {
        'school/compare.js': `import { isDeepStrictEqual } from '«deeply-the-same⇒node:util»';\nconsole.log(isDeepStrictEqual(['Mo'], ['Mo']));\n`,
      },
    },
  ]),
  family('node-missing-export', [
    {
      task: 'Add the volume of a cylinder to the calculator',
      command: 'node calculator.js',
      why: 'export the new function',
      files: {
        'shapes.js': `«⇒export »function cylinder(r, h) {\n  return Math.PI * r * r * h;\n}\nexport const cube = (a) => a ** 3;\n`,
        'calculator.js': `import { cylinder } from './shapes.js';\nconsole.log(cylinder(1, 2));\n`,
      },
    },
    {
      task: 'Play the jingle at noon',
      command: 'node radio/noon.mjs',
      why: 'it is the default export that plays',
      files: {
        'radio/jingle.mjs': `export default function play() {\n  return 'tada';\n}\n`,
        'radio/noon.mjs': `import «{ play }⇒play» from './jingle.mjs';\nconsole.log(play());\n`,
      },
    },
    {
      task: 'Check passwords against the list of bad ones',
      command: 'node login.js',
      why: 'the list is exported under the name weak',
      files: {
        'lists.js': `export const weak = new Set(['1234']);\n`,
        'login.js': `import { «badPasswords⇒weak» } from './lists.js';\nconsole.log(«badPasswords⇒weak».has('1234'));\n`,
      },
    },
  ]),
  family('node-require-in-module', [
    {
      task: 'Back the photos up at night',
      command: 'node backup.js',
      why: 'a module imports',
      files: {
        'backup.js': `«const { existsSync } = require('node:fs');⇒import { existsSync } from 'node:fs';»\nconsole.log(existsSync('photos'));\n`,
      },
    },
    {
      task: 'Measure how long the import of customers takes',
      command: 'node tools/measure.js',
      why: 'load the timer the way modules do',
      files: {
        'tools/measure.js': `«const timer = require('node:perf_hooks').performance;⇒import { performance as timer } from 'node:perf_hooks';»\nconsole.log(timer.now() > 0);\n`,
      },
    },
    {
      task: 'Name the host in the status mail',
      command: 'node status/mail.js',
      why: 'write an import in place of the call',
      files: {
        'status/mail.js': `«const os = require('node:os');⇒import os from 'node:os';»\nconsole.log(os.hostname().length > 0);\n`,
      },
    },
  ]),
  family('node-file-missing', [
    {
      task: 'Send the newsletter to everybody on the list',
      command: 'node newsletter.js',
      why: 'make the list that is read',
      repair: 'echo ada@example.org > subscribers.txt',
      files: {
        'newsletter.js': `import { readFileSync } from 'node:fs';\nconsole.log(readFileSync('subscribers.txt', 'utf8').split('\\n').length);\n`,
      },
    },
    {
      task: 'Keep a diary of what the parrot says',
      command: 'node parrot/diary.mjs',
      why: 'make the folder before the file is written',
      files: {
        'parrot/diary.mjs': `import { «appendFileSync⇒appendFileSync, mkdirSync» } from 'node:fs';\n«⇒mkdirSync('diary/2026', { recursive: true });\n»appendFileSync('diary/2026/january.txt', 'hello');\n`,
      },
    },
    {
      task: 'Show the licence when the program starts',
      command: 'node start.js',
      why: 'the file has no ending',
      files: {
        LICENSE: 'Do as you like.\n',
        'start.js': `import { readFile } from 'node:fs/promises';\nconsole.log(await readFile('LICENSE«.txt⇒»', 'utf8'));\n`,
      },
    },
  ]),
  family('node-json-parse', [
    {
      task: 'Load the levels of the game from a file',
      command: 'node game.js',
      why: 'no comma after the last level',
      files: {
        'levels.json': `{ "levels": ["cave", "tower"«,⇒»] }`,
        'game.js': `import { readFileSync } from 'node:fs';\nconsole.log(JSON.parse(readFileSync('levels.json', 'utf8')).levels.length);\n`,
      },
    },
    {
      task: 'Restore the window where it was',
      command: 'node window/restore.js',
      why: 'an empty state means the default',
      files: {
        'window/restore.js': `const stored = '';\nconst state = JSON.parse(stored«⇒ || '{}'»);\nconsole.log(state.x ?? 0);\n`,
      },
    },
    {
      task: 'Read the answer of the thermostat',
      command: 'node thermostat.mjs',
      why: 'keys and text take double quotes',
      files: {
        'thermostat.mjs': `const answer = «"{'celsius': 21}"⇒'{"celsius": 21}'»;\nconsole.log(JSON.parse(answer).celsius);\n`,
      },
    },
  ]),
  family('node-assign-constant', [
    {
      task: 'Count the visitors of the museum',
      command: 'node visitors.js',
      why: 'what changes is declared with let',
      files: {
        'visitors.js': `«const⇒let» count = 0;\nfor (const group of [3, 4]) count += group;\nconsole.log(count);\n`,
      },
    },
    {
      task: 'Let the lift stop at every floor that was asked for',
      command: 'node lift/move.js',
      why: 'the floor moves, so it cannot be constant',
      files: {
        'lift/move.js': `export function ride(stops) {\n  «const⇒let» floor = 0;\n  for (const stop of stops) floor = stop;\n  return floor;\n}\nconsole.log(ride([2, 5]));\n`,
      },
    },
    {
      task: 'Retry the upload three times',
      command: 'node upload.mjs',
      why: 'the number of attempts left must be able to change',
      files: { 'upload.mjs': `«const⇒let» left = 3;\nwhile (left > 0) left = left - 1;\nconsole.log('gave up');\n` },
    },
  ]),
  family('node-endless-recursion', [
    {
      task: 'Draw the family tree of the foxes',
      command: 'node foxes.js',
      why: 'end where there are no parents',
      files: {
        'foxes.js': `const depth = (fox) => «⇒fox === undefined ? 0 : »1 + depth(fox«⇒.mother»);\nconsole.log(depth({ mother: {} }));\n`,
      },
    },
    {
      task: 'Flatten nested comments for the feed',
      command: 'node feed/flatten.js',
      why: 'go on with the replies instead of the comment itself',
      files: {
        'feed/flatten.js': `function flat(comment) {\n  return [comment.text, ...(comment.replies ?? []).flatMap((reply) => flat(«comment⇒reply»))];\n}\nconsole.log(flat({ text: 'a', replies: [{ text: 'b' }] }));\n`,
      },
    },
    {
      task: 'Make the price tag format itself',
      command: 'node tag.mjs',
      why: 'turn the amount into text, not the tag',
      files: {
        'tag.mjs': `class Tag {\n  constructor(cents) { this.cents = cents; }\n  toString() { return 'EUR ' + \`\${this«⇒.cents»}\`; }\n}\nconsole.log(String(new Tag(250)));\n`,
      },
    },
  ]),
  family('node-bad-syntax', [
    {
      task: 'Add tea to what the machine can brew',
      command: 'node brew.js',
      why: 'close the call',
      files: {
        'brew.js': `const drinks = ['coffee', 'tea'];\ndrinks.forEach((drink) => {\n  console.log(drink);\n}«⇒)»;\nconsole.log('ready');\n`,
      },
    },
    {
      task: 'Average the grades of a class',
      command: 'node grades/mean.mjs',
      why: 'there was one bracket too many',
      files: {
        'grades/mean.mjs': `export const mean = (grades) => grades.reduce((a, b) => a + b, 0) / grades.length«)⇒»;\nconsole.log(mean([1, 2]));\n`,
      },
    },
    {
      task: 'Let each plant tell when it is thirsty',
      command: 'node plants.js',
      why: 'a comma stands between the fields',
      files: {
        'plants.js': `const plant = {\n  name: 'fern'«⇒,»\n  thirstyAfterDays: 3,\n};\nconsole.log(plant.name);\n`,
      },
    },
  ]),
  lint('lint-unused', [
    {
      task: 'Tidy the seating plan',
      command: 'biome lint src',
      why: 'the variable is not read; drop it',
      files: {
        'src/seats.ts': `export function seats(rows: number): number {\n«  const aisle = rows / 2;\n⇒»  return rows * 8;\n}\n`,
      },
    },
    {
      task: 'Speed the weather page up',
      command: 'biome lint lib/weather.ts',
      why: 'remove what is no longer used',
      files: {
        'lib/weather.ts': `«const cacheMinutes = 10;\n⇒»export const degrees = (kelvin: number): number => kelvin - 273;\n`,
      },
    },
    {
      task: 'Close the shop on holidays',
      command: 'biome lint .',
      why: 'take the function out that nobody calls',
      files: {
        'holiday.ts': `«function easter(year: number): number {\n  return year % 19;\n}\n⇒»export const isHoliday = (day: number): boolean => day === 1;\n`,
      },
    },
  ]),
  lint('lint-loose-equality', [
    {
      task: 'Accept a coupon only once',
      command: 'biome lint src',
      why: 'compare without conversion',
      files: { 'src/coupon.ts': `export const isUsed = (count: number): boolean => count «==⇒===» 1;\n` },
    },
    {
      task: 'Stop the belt when the box is full',
      command: 'biome lint belt',
      why: 'strict comparison, as everywhere here',
      files: {
        'belt/control.ts': `export function isFull(state: string, weight: number): boolean {\n  return weight > 20 && state «!=⇒!==» 'open';\n}\n`,
      },
    },
    {
      task: 'Tell guests from members at the door',
      command: 'biome lint door.ts',
      why: 'use three equal signs',
      files: {
        'door.ts': `export function isMember(card: string | undefined, list: string[]): boolean {\n  return list.some((known) => known «==⇒===» card);\n}\n`,
      },
    },
  ]),
  lint('lint-explicit-any', [
    {
      task: 'Accept any shape of webhook',
      command: 'biome lint src',
      why: 'what is not known is unknown',
      files: {
        'src/hook.ts': `export function size(body: «any⇒unknown»): number {\n  return JSON.stringify(body).length;\n}\n`,
      },
    },
    {
      task: 'Store what the form gives us',
      command: 'biome lint form/store.ts',
      why: 'the fields of the form are text',
      files: { 'form/store.ts': `export const stored = new Map<string, «any⇒string»>();\n` },
    },
    {
      task: 'Log the arguments of slow calls',
      command: 'biome lint .',
      why: 'take them as unknown values',
      files: { 'slow.ts': `export const log = (...values: «any⇒unknown»[]): string => values.join(' ');\n` },
    },
  ]),
  lint('lint-console', [
    {
      task: 'Find out why the alarm rings twice',
      command: 'biome lint src',
      why: 'the trace has done its work; take it out',
      files: {
        'src/alarm.ts': `export function ring(times: number): number {\n«  console.log('ringing', times);\n⇒»  return times + 1;\n}\n`,
      },
    },
    {
      task: 'Warn when the tank is nearly empty',
      command: 'biome lint tank',
      why: 'give the warning back instead of printing it',
      files: {
        'tank/level.ts': `export const level = (litres: number): string => {\n  «if (litres < 5) console.warn('nearly empty');\n  return 'ok';⇒return litres < 5 ? 'nearly empty' : 'ok';»\n};\n`,
      },
    },
    {
      task: 'Sync the calendar with the phone',
      command: 'biome lint sync.ts',
      why: 'let the caller decide about failures',
      files: {
        'sync.ts': `export function sync(events: string[]): number {\n  «if (events.length === 0) console.error('nothing');⇒if (events.length === 0) throw new Error('nothing to sync');»\n  return events.length;\n}\n`,
      },
    },
  ]),
];
