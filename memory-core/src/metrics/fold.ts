// Many small files of figures become few. Which files count is said by one list, and a fold is the claim of the next
// list: whoever ends, at whichever step, leaves the one list or the other. Of several that fold at once, one has its
// list, and the others leave off.
import { MemoryError } from '../errors.ts';
import { type FigureFile, type FigureFolder, type FigureNames, foldedName, listName } from './figure-folder.ts';
import { isListOf, isRecord, jsonIn, snapshotIn, snapshotText } from './kept-snapshot.ts';
import { agedPeriod } from './period.ts';
import { type MetricsSnapshot, mergedSnapshots, withFewerSeries } from './snapshot.ts';

/** Which files count: folded ones that are named, and parts that are not, as those are in a folded file already. */
export interface FileList {
  readonly generation: number;
  readonly folded: ReadonlySet<string>;
  readonly taken: ReadonlySet<string>;
}

/** The newest list, or what has to stand for it. */
export interface NewestList {
  readonly list: FileList;
  /** Why it is not the newest one itself, which cannot be read. */
  readonly trouble?: 'damaged' | 'newer' | 'unreadable';
}

/** Before anything was folded. */
const FIRST_LIST: FileList = { generation: -1, folded: new Set(), taken: new Set() };

const LIST_VERSION = 1;
/**
 * Lists that stay behind the newest one: who reads the folder while files come and go sees one of them for certain, and
 * where the newest is damaged, an older one says what was over before.
 */
const LISTS_BEHIND = 8;
/** What is older than this and was not finished never will be. */
const UNFINISHED_MS = 3_600_000;

/**
 * Folds what can be: parts into their hour, hours into days and days into what is older, as they age. Answers whether
 * it did; where another was faster there is nothing left to do. What cannot be read stays as it is.
 * @throws what the file system says; `NOT_SUPPORTED` where the list is another user's or of a newer version
 */
export function foldFigures(folder: FigureFolder, nowMs: number): boolean {
  const found = folder.names();
  if (found.generations.length === 0) folder.claim(listName(0), listText(rebuiltList(found, FIRST_LIST)));
  const names = folder.names();
  const newest = newestList(folder, names);
  if (newest === 'gone') return false;
  const { list, trouble } = newest;
  if (trouble === 'newer' || trouble === 'unreadable' || list.generation < 0) {
    const message = 'The list of the figures that are kept cannot be read, so that nothing can be added to it.';
    throw new MemoryError('NOT_SUPPORTED', message);
  }
  const isNewest = (): boolean => folder.names().generations[0] === list.generation;
  if (!isNewest()) return false;
  sweep(folder, names, { list, nowMs });
  // A list that is damaged is replaced also where there is nothing to fold.
  let hasFolded = trouble !== undefined;
  const folded = new Set(list.folded);
  const taken = new Set(names.files.filter(({ name }) => list.taken.has(name)).map(({ name }) => name));
  for (const group of groupsOf(countedFiles(names, list), nowMs)) {
    const read = readGroup(folder, group);
    if (read === 'gone') return false;
    if (read === undefined) continue;
    const name = foldedName(list.generation + 1, group.program, group.period);
    folder.write(name, snapshotText(read.snapshot), { isLasting: true });
    folded.add(name);
    hasFolded = true;
    for (const file of read.files) {
      if (file.kind === 'part') taken.add(file.name);
      else folded.delete(file.name);
    }
  }
  if (!hasFolded) return false;
  const next = { generation: list.generation + 1, folded, taken };
  const isOurs = folder.claim(listName(next.generation), listText(next));
  const after = folder.names();
  // Another list may be the newest by now, on top of ours or long past its number: only that one can say what is over.
  if (!isOurs || after.generations[0] !== next.generation) return false;
  sweep(folder, after, { list: next, nowMs });
  return true;
}

/** The list that holds; `gone` where there are newer ones by now. */
export function newestList(folder: FigureFolder, names: FigureNames): NewestList | 'gone' {
  const { generations, files } = names;
  const [newest] = generations;
  if (newest === undefined) {
    const isLost = files.some(({ kind }) => kind === 'folded');
    return isLost ? { list: rebuiltList(names, FIRST_LIST), trouble: 'damaged' } : { list: FIRST_LIST };
  }
  const list = readList(folder, newest);
  if (list === 'gone') return 'gone';
  if (typeof list !== 'string') return { list };
  const older = generations.slice(1).map((generation) => readList(folder, generation));
  const known = older.find((each) => typeof each !== 'string') ?? FIRST_LIST;
  return { list: { ...rebuiltList(names, known), generation: newest }, trouble: list };
}

/** As the newest would be: what came after the older one, and of what that one knew, what it says. */
function rebuiltList({ files }: FigureNames, older: FileList): FileList {
  const folded = files.filter(
    ({ kind, name, generation }) => kind === 'folded' && (generation > older.generation || older.folded.has(name)),
  );
  return { ...older, folded: new Set(folded.map(({ name }) => name)) };
}

function readList(folder: FigureFolder, generation: number): FileList | NonNullable<NewestList['trouble']> | 'gone' {
  const read = folder.read(listName(generation));
  return typeof read === 'string' ? read : listIn(read.text, generation);
}

/** The files whose figures count. */
export function countedFiles({ files }: FigureNames, { folded, taken }: FileList): readonly FigureFile[] {
  return files.filter(({ kind, name }) => (kind === 'part' ? !taken.has(name) : folded.has(name)));
}

interface Group {
  readonly program: string;
  readonly period: string;
  readonly files: readonly FigureFile[];
}

/** What becomes one; what is one already is none of them. */
function groupsOf(files: readonly FigureFile[], nowMs: number): readonly Group[] {
  const groups = new Map<string, { program: string; period: string; files: FigureFile[] }>();
  for (const file of files) {
    const period = agedPeriod(file.period, nowMs);
    const key = `${file.program} ${period}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { program: file.program, period, files: [file] });
    else group.files.push(file);
  }
  return [...groups.values()].filter(
    ({ period, files: [first, second] }) => second !== undefined || first?.kind !== 'folded' || first.period !== period,
  );
}

/** Its readable files as one; `gone` where another process took one in the meantime. */
function readGroup(
  folder: FigureFolder,
  { files, period }: Group,
): { readonly files: readonly FigureFile[]; readonly snapshot: MetricsSnapshot } | 'gone' | undefined {
  const readable: FigureFile[] = [];
  let snapshot: MetricsSnapshot | undefined;
  for (const file of files) {
    const read = folder.read(file.name);
    if (read === 'gone') return 'gone';
    const one = read === 'unreadable' ? read : snapshotIn(read.text);
    if (typeof one === 'string') continue;
    readable.push(file);
    snapshot = snapshot === undefined ? one : mergedSnapshots(snapshot, one);
  }
  const [first, second] = readable;
  // Beside files that cannot be read there may be one alone, which is folded already.
  if (snapshot === undefined || (second === undefined && first?.kind === 'folded' && first.period === period))
    return undefined;
  return { files: readable, snapshot: withFewerSeries(snapshot) };
}

/** Removes what the newest list says is in others, and what nobody will ever name. */
function sweep(
  folder: FigureFolder,
  { files, generations, unfinished }: FigureNames,
  { list, nowMs }: { readonly list: FileList; readonly nowMs: number },
): void {
  for (const { kind, name, generation } of files) {
    // What is made for a later list may be named by it in a moment.
    const isOver = kind === 'part' ? list.taken.has(name) : generation <= list.generation && !list.folded.has(name);
    if (isOver) folder.remove(name);
  }
  for (const generation of generations) {
    if (generation < list.generation - LISTS_BEHIND) folder.remove(listName(generation));
  }
  for (const { name, begunMs } of unfinished) {
    if (begunMs < nowMs - UNFINISHED_MS) folder.remove(name);
  }
}

function listText({ folded, taken }: FileList): string {
  return JSON.stringify({ version: LIST_VERSION, folded: [...folded], taken: [...taken] });
}

function listIn(text: string, generation: number): FileList | 'damaged' | 'newer' {
  const given = jsonIn(text);
  if (!isRecord(given) || typeof given.version !== 'number') return 'damaged';
  if (given.version > LIST_VERSION) return 'newer';
  const { folded, taken } = given;
  if (!isListOf(folded, isText) || !isListOf(taken, isText)) return 'damaged';
  return { generation, folded: new Set(folded), taken: new Set(taken) };
}

function isText(given: unknown): given is string {
  return typeof given === 'string';
}
