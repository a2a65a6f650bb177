// Prints how many tests passed and failed, read from the report that vitest wrote.
import { readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
if (path === undefined) throw new Error('Name the JSON report of vitest.');
const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(path, 'utf8'));
console.log(`${numPassedTests} passed, ${numFailedTests} failed`);
if (numFailedTests > 0 || numPassedTests === 0) process.exitCode = 1;
