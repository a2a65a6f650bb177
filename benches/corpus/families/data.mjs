// Configuration, packages and databases.
const npm = (name, cases) => ({ name, needs: 'npm', language: 'json', files: {}, cases });
const sql = (name, cases) => ({
  name,
  needs: 'node',
  language: 'sql',
  command: 'node run.mjs',
  files: { 'package.json': '{ "type": "module", "private": true }', 'run.mjs': RUN },
  cases,
});
const RUN = `import { readFileSync } from 'node:fs';
import { createClient } from '@libsql/client';
const client = createClient({ url: 'file:local.db' });
await client.executeMultiple(readFileSync('schema.sql', 'utf8'));
for (const statement of readFileSync('work.sql', 'utf8').split(';').filter((text) => text.trim() !== '')) await client.execute(statement);
client.close();
`;
const tsconfig = (name, cases) => ({ name, needs: 'tsc', language: 'json', command: 'tsc -p .', files: {}, cases });
const scripts = (name, text) => `{ "name": "${name}", "version": "1.0.0", "private": true, "scripts": { ${text} } }`;

export const data = [
  npm('npm-missing-script', [
    {
      task: 'Publish the new landing page',
      command: 'npm run deploy',
      why: 'add the script that publishes',
      files: { 'package.json': scripts('landing', '"build": "echo built"«⇒, "deploy": "echo out"»') },
    },
    {
      task: 'Check the handbook for broken links',
      command: 'npm run check:links',
      why: 'the script is called links',
      again: 'npm run links',
      repair: 'grep links package.json',
      files: { 'package.json': scripts('handbook', '"links": "echo no broken links"') },
    },
    {
      task: 'Fill the demo shop with goods',
      command: 'npm run seed',
      why: 'write the script for it',
      files: { 'package.json': scripts('demo-shop', '"start": "echo started"«⇒, "seed": "echo 12 goods"»') },
    },
  ]),
  npm('npm-broken-manifest', [
    {
      task: 'Bring the tools of the team up to date',
      command: 'npm run build',
      why: 'a comma too many stood before the brace',
      files: { 'package.json': `{ "name": "team-tools", "scripts": { "build": "echo built"«,⇒» } }` },
    },
    {
      task: 'Rename the package for the release',
      command: 'npm pkg get name',
      why: 'put the quotation marks around the value',
      files: { 'package.json': `{ "name": «atlas⇒"atlas"», "version": "2.1.0" }` },
    },
    {
      task: 'Add a keyword so that people find us',
      command: 'npm run lint',
      why: 'separate the two keywords',
      files: {
        'package.json': `{\n  "name": "finder",\n  "keywords": ["maps"«⇒,» "routes"],\n  "scripts": { "lint": "echo clean" }\n}\n`,
      },
    },
  ]),
  npm('npm-no-lock', [
    {
      task: 'Make the nightly build repeatable',
      command: 'npm ci',
      why: 'write the lock file that it installs from',
      repair: 'npm install --package-lock-only',
      setup: ['rm node_modules'],
      files: { 'package.json': `{ "name": "nightly", "version": "1.0.0" }` },
    },
    {
      task: 'Prepare the image for the kiosk',
      command: 'npm ci --omit=dev',
      why: 'make a lock file first',
      repair: 'npm install --package-lock-only',
      setup: ['rm node_modules'],
      files: { 'package.json': `{ "name": "kiosk", "version": "0.3.0", "private": true }` },
    },
    {
      task: 'Set the project up on the new laptop',
      command: 'npm ci --ignore-scripts',
      why: 'the lock was never committed; make it anew',
      repair: 'npm install --package-lock-only --ignore-scripts',
      setup: ['rm node_modules'],
      files: { 'package.json': `{ "name": "laptop-setup", "version": "4.0.2", "scripts": { "test": "true" } }` },
    },
  ]),
  npm('npm-script-fails', [
    {
      task: 'Build the poster for the fair',
      command: 'npm run poster',
      why: 'call a program that is there',
      files: { 'package.json': scripts('fair', '"poster": "«render-poster⇒echo» a3"') },
    },
    {
      task: 'Watch the styles while editing',
      command: 'npm run styles',
      why: 'use the tool that is installed',
      files: { 'package.json': scripts('styles', '"styles": "«sass-watcher⇒echo» main.css"') },
    },
    {
      task: 'Generate the client for the new service',
      command: 'npm run generate',
      why: 'the generator is a script of ours',
      files: {
        'package.json': scripts('client', '"generate": "«client-gen⇒node gen.js»"'),
        'gen.js': `console.log('generated');\n`,
      },
    },
  ]),
  tsconfig('tsconfig-unknown-option', [
    {
      task: 'Make the compiler stricter',
      why: 'the option is called strict',
      files: {
        'tsconfig.json': `{ "compilerOptions": { "«strictMode⇒strict»": true, "noEmit": true, "types": [] }, "include": ["src"] }`,
        'src/a.ts': 'export const one = 1;\n',
      },
    },
    {
      task: 'Check code for the browser only',
      why: 'lib, not libs',
      files: {
        'tsconfig.json': `{ "compilerOptions": { "noEmit": true, "types": [], "«libs⇒lib»": ["es2022", "dom"] }, "files": ["page.ts"] }`,
        'page.ts': `export const title = 'Bees';\n`,
      },
    },
    {
      task: 'Write the output beside the sources',
      why: 'spell the option as the compiler does',
      files: {
        'tsconfig.json': `{ "compilerOptions": { "types": [], "«outDirectory⇒outDir»": "out" }, "include": ["code"] }`,
        'code/b.ts': 'export const two = 2;\n',
      },
    },
  ]),
  tsconfig('tsconfig-no-inputs', [
    {
      task: 'Check the types of the plug-in',
      why: 'the sources lie in lib',
      files: {
        'tsconfig.json': `{ "compilerOptions": { "noEmit": true, "types": [] }, "include": ["«source⇒lib»"] }`,
        'lib/plugin.ts': 'export const plugin = 1;\n',
      },
    },
    {
      task: 'Take over the code of the old team',
      why: 'include what is there',
      files: {
        'tsconfig.json': `{ "compilerOptions": { "noEmit": true, "types": [] }, "include": ["«app/**/*.tsx⇒app/**/*.ts»"] }`,
        'app/old/code.ts': 'export const old = true;\n',
      },
    },
    {
      task: 'Leave the examples out of the check',
      why: 'exclude the examples only',
      files: {
        'tsconfig.json': `{ "compilerOptions": { "noEmit": true, "types": [] }, "include": ["**/*.ts"], "exclude": ["node_modules", "«.⇒examples»"] }`,
        'main.ts': 'export const main = 0;\n',
        'examples/e.ts': 'export const e = 1;\n',
      },
    },
  ]),
  sql('sql-no-table', [
    {
      task: 'Store which bird was seen where',
      why: 'create the table before it is written',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS places (name TEXT);«⇒ CREATE TABLE IF NOT EXISTS sightings (bird TEXT, place TEXT);»`,
        'work.sql': `INSERT INTO sightings (bird, place) VALUES ('wren', 'wood');`,
      },
    },
    {
      task: 'Report the sales of last year',
      why: 'the table is called sales',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS sales (year INT, cents INT);`,
        'work.sql': `SELECT sum(cents) FROM «sale⇒sales» WHERE year = 2025;`,
      },
    },
    {
      task: 'Forget patients after ten years',
      why: 'name the table as the schema does',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS patient (id INTEGER, last_visit INT);`,
        'work.sql': `DELETE FROM «patients⇒patient» WHERE last_visit < 2016;`,
      },
    },
  ]),
  sql('sql-no-column', [
    {
      task: 'Sort the recipes by how long they take',
      why: 'the column is called minutes',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS recipe (name TEXT, minutes INT);`,
        'work.sql': `SELECT name FROM recipe ORDER BY «duration⇒minutes»;`,
      },
    },
    {
      task: 'Find members whose fee is due',
      why: 'add the column that is asked for',
      files: {
        'schema.sql': `DROP TABLE IF EXISTS member; CREATE TABLE member (id INTEGER, email TEXT«⇒, due_on TEXT»);`,
        'work.sql': `SELECT email FROM member WHERE due_on < '2026-01-01';`,
      },
    },
    {
      task: 'Move all lamps to the new room',
      why: 'lamps have a place',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS lamp (watt INT, place TEXT);`,
        'work.sql': `UPDATE lamp SET «room⇒place» = 'attic' WHERE watt > 5;`,
      },
    },
  ]),
  sql('sql-unique', [
    {
      task: 'Import the guests of both lists',
      why: 'who is there already stays as it is',
      files: {
        'schema.sql': `DROP TABLE IF EXISTS guest; CREATE TABLE guest (email TEXT UNIQUE);`,
        'work.sql': `INSERT INTO guest VALUES ('a@b.org'); INSERT «⇒OR IGNORE »INTO guest VALUES ('a@b.org');`,
      },
    },
    {
      task: 'Give every locker its key',
      why: 'a number that is taken is updated',
      files: {
        'schema.sql': `DROP TABLE IF EXISTS locker; CREATE TABLE locker (number INTEGER PRIMARY KEY, owner TEXT); INSERT INTO locker VALUES (7, 'Ida');`,
        'work.sql': `INSERT INTO locker VALUES (7, 'Max')«⇒ ON CONFLICT (number) DO UPDATE SET owner = excluded.owner»;`,
      },
    },
    {
      task: 'Count votes for each song',
      why: 'one vote for a person and song',
      files: {
        'schema.sql': `DROP TABLE IF EXISTS vote; CREATE TABLE vote (person TEXT, song TEXT, UNIQUE (person, song));`,
        'work.sql': `INSERT INTO vote VALUES ('Mo', 'Blue'), ('Mo', '«Blue⇒Red»');`,
      },
    },
  ]),
  sql('sql-syntax', [
    {
      task: 'Show the ten newest photos',
      why: 'the order comes before the limit',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS photo (taken INT);`,
        'work.sql': `SELECT taken FROM photo «LIMIT 10 ORDER BY taken DESC⇒ORDER BY taken DESC LIMIT 10»;`,
      },
    },
    {
      task: 'Note the weight of each parcel',
      why: 'close the list of values',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS parcel (id INT, grams INT);`,
        'work.sql': `INSERT INTO parcel (id, grams«⇒)» VALUES (1, 250);`,
      },
    },
    {
      task: 'Rename the streets that changed',
      why: 'a statement says SET once',
      files: {
        'schema.sql': `CREATE TABLE IF NOT EXISTS street (name TEXT, town TEXT);`,
        'work.sql': `UPDATE street SET name = 'Elm', «SET ⇒»town = 'Ulm';`,
      },
    },
  ]),
  sql('sql-not-null', [
    {
      task: 'Register the dogs of the district',
      why: 'say who the owner is',
      files: {
        'schema.sql': `DROP TABLE IF EXISTS dog; CREATE TABLE dog (name TEXT NOT NULL, owner TEXT NOT NULL);`,
        'work.sql': `INSERT INTO dog (name«⇒, owner») VALUES ('Rex'«⇒, 'Kim'»);`,
      },
    },
    {
      task: 'Copy the prices to the archive',
      why: 'prices without an amount stay behind',
      files: {
        'schema.sql': `DROP TABLE IF EXISTS price; DROP TABLE IF EXISTS archive; CREATE TABLE price (cents INT); INSERT INTO price VALUES (5), (NULL); CREATE TABLE archive (cents INT NOT NULL);`,
        'work.sql': `INSERT INTO archive SELECT cents FROM price«⇒ WHERE cents IS NOT NULL»;`,
      },
    },
    {
      task: 'Open a ticket for each complaint',
      why: 'a new ticket has a state',
      files: {
        'schema.sql': `DROP TABLE IF EXISTS ticket; CREATE TABLE ticket (id INTEGER PRIMARY KEY, text TEXT, state TEXT NOT NULL«⇒ DEFAULT 'open'»);`,
        'work.sql': `INSERT INTO ticket (text) VALUES ('too loud');`,
      },
    },
  ]),
  sql('sql-foreign-key', [
    {
      task: 'Let readers borrow two books',
      why: 'the reader is registered first',
      files: {
        'schema.sql': `PRAGMA foreign_keys = ON; DROP TABLE IF EXISTS loan; DROP TABLE IF EXISTS reader; CREATE TABLE reader (id INTEGER PRIMARY KEY); CREATE TABLE loan (book TEXT, reader INT REFERENCES reader (id));`,
        'work.sql': `«⇒INSERT INTO reader VALUES (4); »INSERT INTO loan VALUES ('Atlas', 4);`,
      },
    },
    {
      task: 'Close the branch in the old town',
      why: 'move its staff before it goes',
      files: {
        'schema.sql': `PRAGMA foreign_keys = ON; DROP TABLE IF EXISTS staff; DROP TABLE IF EXISTS branch; CREATE TABLE branch (id INTEGER PRIMARY KEY); CREATE TABLE staff (name TEXT, branch INT REFERENCES branch (id)); INSERT INTO branch VALUES (1), (2); INSERT INTO staff VALUES ('Ed', 2);`,
        'work.sql': `«⇒UPDATE staff SET branch = 1 WHERE branch = 2; »DELETE FROM branch WHERE id = 2;`,
      },
    },
    {
      task: 'Attach notes to the songs',
      why: 'the song has the number one',
      files: {
        'schema.sql': `PRAGMA foreign_keys = ON; DROP TABLE IF EXISTS note; DROP TABLE IF EXISTS song; CREATE TABLE song (id INTEGER PRIMARY KEY, title TEXT); CREATE TABLE note (song INT NOT NULL REFERENCES song (id), text TEXT); INSERT INTO song VALUES (1, 'Moon');`,
        'work.sql': `INSERT INTO note VALUES («11⇒1», 'slower');`,
      },
    },
  ]),
];
