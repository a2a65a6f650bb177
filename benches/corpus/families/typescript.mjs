// Mistakes that the TypeScript compiler finds.
const files = {
  'tsconfig.json': `{ "compilerOptions": { "strict": true, "noEmit": true, "target": "es2022", "module": "nodenext",
    "noUncheckedIndexedAccess": true, "noUnusedLocals": true, "types": ["node"], "skipLibCheck": true }, "include": ["src"] }`,
  'package.json': '{ "type": "module", "private": true }',
};
const family = (name, cases) => ({ name, needs: 'tsc', language: 'typescript', command: 'tsc -p .', files, cases });

export const typescript = [
  family('ts-argument-type', [
    {
      task: 'Add a discount to the invoice total',
      why: 'parse the amount before it is discounted',
      files: {
        'src/invoice.ts': `export function discounted(amount: number, percent: number): number {
  return amount - (amount * percent) / 100;
}
const typed = '120.50';
export const total = discounted(«typed⇒Number(typed)», 10);
`,
      },
    },
    {
      task: 'Show when the next train leaves',
      why: 'hand the moment over as a Date',
      files: {
        'src/board/departures.ts': `interface Stop { readonly station: string; readonly at: Date }
function label(at: Date): string {
  return at.toISOString().slice(11, 16);
}
export function row(stop: Stop, delayMinutes: number): string {
  const late = stop.at.getTime() + delayMinutes * 60_000;
  return stop.station + ' ' + label(«late⇒new Date(late)»);
}
`,
      },
    },
    {
      task: 'Cut long outputs by bytes rather than by letters',
      why: 'the index of a byte is a number, not text',
      own: {
        path: 'memory-core/src/clip.ts',
        as: 'src/clip.ts',
        good: 'characterStart(bytes, half)',
        bad: 'characterStart(bytes, `${half}`)',
      },
    },
    {
      task: 'Let gardeners plan which beds are watered first',
      why: 'give the whole bed, not only its name',
      files: {
        'src/garden/plan.ts': `type Bed = { plant: string; litres: number };
const need = (bed: Bed, days: number): number => bed.litres * days;
const beds: Bed[] = [{ plant: 'leek', litres: 4 }];
export const needs = beds.map((bed) => need(«bed.plant⇒bed», 3));
`,
      },
    },
  ]),
  family('ts-unknown-name', [
    {
      task: 'Count how often each word occurs in a letter',
      why: 'declare the map that the words are counted in',
      files: {
        'src/letter.ts': `export function counts(text: string): Map<string, number> {
«⇒  const seen = new Map<string, number>();
»  for (const word of text.split(' ')) seen.set(word, (seen.get(word) ?? 0) + 1);
  return seen;
}
`,
      },
    },
    {
      task: 'Make the weights of keyword search easier to change',
      why: 'name the constant as it is declared',
      own: {
        path: 'memory-core/src/retrieve/bm25.ts',
        as: 'src/relevance.ts',
        good: 'best += idf(documents, frequency) * (K1 + 1);',
        bad: 'best += idf(documents, frequency) * (SATURATION + 1);',
      },
    },
    {
      task: 'Give each parcel the cheapest carrier',
      why: 'import the rates that are used',
      files: {
        'src/rates.ts': `export const ratesByZone: Record<string, number> = { north: 4, south: 6 };\n`,
        'src/shipping/carrier.ts': `«⇒import { ratesByZone } from '../rates.js';
»export const cheapest = (zone: string): number => ratesByZone[zone] ?? 10;
`,
      },
    },
  ]),
  family('ts-module-not-found', [
    {
      task: 'Move the tax rules out of the order form',
      why: 'the file lies one folder higher',
      files: {
        'src/tax.ts': `export const rate = 0.19;\n`,
        'src/forms/order.ts': `import { rate } from '«./tax.js⇒../tax.js»';
export const gross = (net: number): number => net * (1 + rate);
`,
      },
    },
    {
      task: 'Paint the chart in the colours of the season',
      why: 'write the name of the file as it is spelt',
      files: {
        'src/chart/palette-autumn.ts': `export const colours = ['ochre', 'rust'];\n`,
        'src/chart/draw.ts': `import { colours } from './«paletteAutumn⇒palette-autumn».js';
export const first = colours[0] ?? 'black';
`,
      },
    },
    {
      task: 'Split what a sensor sends into readings',
      why: 'take the parser from where it was moved to',
      files: {
        'src/io/decode.ts': `export const decode = (line: string): number[] => line.split(',').map(Number);\n`,
        'src/sensor.ts': `import { decode } from './«codec/decode⇒io/decode».js';
export const mean = (line: string): number => decode(line).reduce((a, b) => a + b, 0);
`,
      },
    },
  ]),
  family('ts-unknown-property', [
    {
      task: 'Greet members by their first name',
      why: 'the field is called givenName',
      files: {
        'src/member.ts': `interface Member { givenName: string; joined: number }
export const greeting = (member: Member): string => 'Hello ' + member.«firstName⇒givenName»;
`,
      },
    },
    {
      task: 'Tell how much of a text was left out',
      why: 'a Buffer has a length and no size',
      own: {
        path: 'memory-core/src/clip.ts',
        as: 'src/shorten.ts',
        good: 'const bytes = Buffer.from(text);',
        bad: 'const bytes = Buffer.from(text);\n  if (bytes.size === 0) return { text };',
      },
    },
    {
      task: 'List the loudest rooms of the office',
      why: 'arrays have includes; contains belongs to other languages',
      files: {
        'src/rooms/noise.ts': `const quiet: string[] = ['library', 'attic'];
export const isLoud = (room: string): boolean => !quiet.«contains⇒includes»(room);
`,
      },
    },
    {
      task: 'Keep the score of both teams',
      why: 'add the field to the type that the code already uses',
      files: {
        'src/match.ts': `interface Score { home: number; away: number«⇒; overtime: number» }
export const start: Score = { home: 0, away: 0«⇒, overtime: 0» };
export const played = (score: Score): number => score.home + score.away + score.overtime;
`,
      },
    },
  ]),
  family('ts-possibly-undefined', [
    {
      task: 'Show the newest message first',
      why: 'say what is shown where there is no message',
      files: {
        'src/inbox.ts': `interface Message { subject: string }
export const headline = (messages: Message[]): string => «messages[0].subject⇒messages[0]?.subject ?? 'none'»;
`,
      },
    },
    {
      task: 'Find out which shelf a book stands on',
      why: 'a book that is nowhere has no shelf to speak of',
      files: {
        'src/library/shelf.ts': `const shelves = new Map<string, { row: number }>([['atlas', { row: 3 }]]);
export function rowOf(title: string): number {
  const shelf = shelves.get(title);
  return «shelf.row⇒shelf === undefined ? -1 : shelf.row»;
}
`,
      },
    },
    {
      task: 'Cut suffixes of words before they are compared',
      why: 'the pair may be shorter than two',
      own: {
        path: 'memory-core/src/retrieve/tokenize.ts',
        as: 'src/tokens.ts',
        good: 'return characters.slice(1).map((character, index) => `${characters[index]}${character}`);',
        bad: 'return characters.slice(1).map((character, index) => characters[index].concat(character));',
      },
    },
  ]),
  family('ts-not-assignable', [
    {
      task: 'Remember how bright the lamp was',
      why: 'store the number itself',
      files: {
        'src/lamp.ts': `interface Lamp { brightness: number }
export const read = (stored: string): Lamp => ({ brightness: «stored⇒Number.parseInt(stored, 10)» });
`,
      },
    },
    {
      task: 'Offer a dark look for the editor',
      why: 'only the names of the union are looks',
      files: {
        'src/editor/look.ts': `type Look = 'light' | 'dark';
export const looks: Record<string, Look> = { evening: «'black'⇒'dark'», morning: 'light' };
`,
      },
    },
    {
      task: 'Weigh rare words more in the search of the shop',
      why: 'the lower bound is a number',
      own: {
        path: 'memory-core/src/retrieve/bm25.ts',
        as: 'src/shop/weights.ts',
        good: 'let asked = 0;',
        bad: 'let asked: string = 0;\n  asked = asked;',
      },
    },
    {
      task: 'Collect the addresses that bounced',
      why: 'make the list of what the map holds',
      files: {
        'src/mail/bounced.ts': `const bounced = new Map<string, number>();
export const addresses = (): string[] => {
  const list: string[] = «bounced.keys()⇒[...bounced.keys()]»;
  return list;
};
`,
      },
    },
  ]),
  family('ts-missing-property', [
    {
      task: 'Create an account for each guest',
      why: 'say the role as well',
      files: {
        'src/accounts.ts': `interface Account { email: string; role: 'guest' | 'admin' }
export const guest = (email: string): Account => ({ email«⇒, role: 'guest'» });
`,
      },
    },
    {
      task: 'Draw the outline of a field on the map',
      why: 'a point has a latitude too',
      files: {
        'src/map/outline.ts': `interface Point { lon: number; lat: number }
export const corner: Point = { lon: 8.4«⇒, lat: 49.1» };
`,
      },
    },
    {
      task: 'Let callers say how long a job may run',
      why: 'the new setting is required; give it where the job is made',
      files: {
        'src/jobs/queue.ts': `interface Job { name: string; deadlineMs: number }
const queue: Job[] = [];
export function enqueue(name: string): void {
  const job: Job = { name«⇒, deadlineMs: 5_000» };
  queue.push(job);
}
`,
      },
    },
  ]),
  family('ts-no-exported-member', [
    {
      task: 'Use the shared rounding for all prices',
      why: 'export the function that others need',
      files: {
        'src/money.ts': `«⇒export »const rounded = (cents: number): number => Math.round(cents);\nexport const zero = rounded(0);\n`,
        'src/price.ts': `import { rounded } from './money.js';\nexport const price = rounded(12.4);\n`,
      },
    },
    {
      task: 'Tell the weather in the words of the region',
      why: 'the module calls it forecastFor',
      files: {
        'src/weather/source.ts': `export const forecastFor = (place: string): string => place + ': rain';\n`,
        'src/weather/page.ts': `import { «getForecast⇒forecastFor» } from './source.js';\nexport const page = «getForecast⇒forecastFor»('Ulm');\n`,
      },
    },
    {
      task: 'Check the form before it is sent',
      why: 'the type is exported under another name',
      files: {
        'src/forms/rules.ts': `export interface FieldRule { readonly name: string }\n`,
        'src/forms/check.ts': `import type { «Rule⇒FieldRule» } from './rules.js';\nexport const names = (rules: «Rule⇒FieldRule»[]): string[] => rules.map((rule) => rule.name);\n`,
      },
    },
  ]),
  family('ts-read-only', [
    {
      task: 'Raise the price of a seat near the stage',
      why: 'make a new seat instead of changing the old one',
      files: {
        'src/seat.ts': `interface Seat { readonly row: number; readonly price: number }
export function raised(seat: Seat): Seat {
«  seat.price = seat.price + 5;
  return seat;⇒  return { ...seat, price: seat.price + 5 };»
}
`,
      },
    },
    {
      task: 'Turn the dial of the radio by one step',
      why: 'give the tuned radio back, the old one stays',
      files: {
        'src/radio/dial.ts': `type Radio = Readonly<{ frequency: number }>;
export const next = (radio: Radio): Radio => {
«  radio.frequency += 0.1;
  return radio;⇒  return { frequency: radio.frequency + 0.1 };»
};
`,
      },
    },
    {
      task: 'Mark a chapter as read',
      why: 'copy the chapter with the mark set',
      files: {
        'src/reader/chapter.ts': `interface Chapter { readonly title: string; readonly isRead: boolean }
export function read(chapter: Chapter): Chapter {
«  chapter.isRead = true;
  return chapter;⇒  return { ...chapter, isRead: true };»
}
`,
      },
    },
  ]),
  family('ts-argument-count', [
    {
      task: 'Round the share of each heir to cents',
      why: 'say how many digits are wanted',
      files: {
        'src/heirs.ts': `const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
export const share = (sum: number, heirs: number): number => rounded(sum / heirs«⇒, 2»);
`,
      },
    },
    {
      task: 'Split names that are written in one word',
      why: 'the function takes the word alone',
      own: {
        path: 'memory-core/src/retrieve/tokenize.ts',
        as: 'src/names/words.ts',
        good: 'terms.push(...characterPairs(word));',
        bad: 'terms.push(...characterPairs(word, 2));',
      },
    },
    {
      task: 'Send a reminder the day before',
      why: 'the text of the reminder is the second argument',
      files: {
        'src/reminders/send.ts': `function remind(to: string, text: string): string {
  return to + ': ' + text;
}
export const sent = ['mia', 'jon'].map((to) => remind(to«⇒, 'tomorrow at nine'»));
`,
      },
    },
  ]),
  family('ts-implicit-any', [
    {
      task: 'Sort the runners by their time',
      why: 'say what the parameters are',
      files: {
        'src/race.ts': `export function faster(a«⇒: { seconds: number }», b«⇒: { seconds: number }»): number {
  return a.seconds - b.seconds;
}
`,
      },
    },
    {
      task: 'Print the menu of the day',
      why: 'give the dish its type',
      files: {
        'src/kitchen/menu.ts': `export const line = (dish«⇒: { name: string; cents: number }»): string => dish.name + ' ' + dish.cents / 100;\n`,
      },
    },
    {
      task: 'Log what the door sensor reports',
      why: 'the event is a record of text',
      files: {
        'src/door/log.ts': `export function onEvent(event«⇒: Record<string, string>»): string {
  return Object.values(event).join(' ');
}
`,
      },
    },
  ]),
  family('ts-unused-local', [
    {
      task: 'Simplify how the ferry timetable is built',
      why: 'nobody reads the constant any more',
      files: {
        'src/ferry.ts': `«const slack = 15;
⇒»export const crossing = (minutes: number): number => minutes * 2;
`,
      },
    },
    {
      task: 'Clean up the picture upload',
      why: 'drop the import that is left over',
      files: {
        'src/upload/picture.ts': `import { basename«, extname⇒» } from 'node:path';
export const nameOf = (path: string): string => basename(path);
`,
      },
    },
    {
      task: 'Make shortening of texts quicker',
      why: 'remove the helper that nothing calls now',
      own: {
        path: 'memory-core/src/clip.ts',
        as: 'src/text/clip.ts',
        good: 'const MARK_BYTES = 64;',
        bad: 'const MARK_BYTES = 64;\nconst ELLIPSIS_BYTES = 3;',
      },
    },
  ]),
  family('ts-missing-return', [
    {
      task: 'Name the season of a month',
      why: 'every month has to end in a season',
      files: {
        'src/season.ts': `export function season(month: number): string {
  if (month < 3 || month === 12) return 'winter';
  if (month < 6) return 'spring';
«⇒  return 'summer or autumn';
»}
`,
      },
    },
    {
      task: 'Charge by the kind of ticket',
      why: 'the last kind needs a price as well',
      files: {
        'src/tickets/price.ts': `type Kind = 'child' | 'adult' | 'senior';
export function cents(kind: Kind): number {
  switch (kind) {
    case 'child':
      return 150;
    case 'adult':
      return 300;
«⇒    case 'senior':
      return 200;
»  }
}
`,
      },
    },
    {
      task: 'Tell whether a parcel fits the locker',
      why: 'answer also for what does not fit',
      files: {
        'src/locker/fits.ts': `export function locker(height: number): 'small' | 'large' {
  if (height < 20) {
    return 'small';
  }
«⇒  return 'large';
»}
`,
      },
    },
  ]),
  family('ts-import-extension', [
    {
      task: 'Share the unit conversion between pages',
      why: 'imports of this kind of module name the file with its ending',
      files: {
        'src/units.ts': `export const metres = (feet: number): number => feet * 0.3048;\n`,
        'src/page.ts': `import { metres } from './units«⇒.js»';\nexport const height = metres(30);\n`,
      },
    },
    {
      task: 'Give the game a second level',
      why: 'add the ending to the relative import',
      files: {
        'src/levels/two.ts': `export const level = { name: 'two', enemies: 7 };\n`,
        'src/game.ts': `import { level } from './levels/two«⇒.js»';\nexport const start = level.name;\n`,
      },
    },
    {
      task: 'Read the opening hours from one place',
      why: 'say index.js, folders are not resolved',
      files: {
        'src/hours/index.ts': `export const opens = 9;\n`,
        'src/shop.ts': `import { opens } from './hours«⇒/index.js»';\nexport const isOpen = (hour: number): boolean => hour >= opens;\n`,
      },
    },
  ]),
];
