// Programs checked against declarations by the compiler that is installed.
import ts from 'typescript';

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: [],
};
const DECLARATIONS = 'memory.d.ts';

/** What the compiler says of each of `programs`, where `declarations` is all that there is beside the language. */
export function problemsIn(
  declarations: string,
  programs: readonly string[],
): { readonly ofDeclarations: readonly string[]; readonly ofPrograms: readonly (readonly string[])[] } {
  const names = programs.map((_program, index) => `program-${index}.ts`);
  const files = new Map(names.map((name, index) => [name, programs[index] ?? '']));
  files.set(DECLARATIONS, declarations);
  const host = ts.createCompilerHost(OPTIONS);
  const whole = ts.createProgram([...files.keys()], OPTIONS, {
    ...host,
    fileExists: (name) => files.has(name) || host.fileExists(name),
    getSourceFile(name, version) {
      const text = files.get(name);
      return text === undefined ? host.getSourceFile(name, version) : ts.createSourceFile(name, text, version);
    },
  });
  const problems = ts.getPreEmitDiagnostics(whole).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return { name: file?.fileName, text: `${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}` };
  });
  const of = (name: string) => problems.filter((problem) => problem.name === name).map(({ text }) => text);
  // What belongs to no program belongs to what all share.
  const shared = problems.filter(({ name }) => name === undefined || !names.includes(name)).map(({ text }) => text);
  return { ofDeclarations: shared, ofPrograms: names.map(of) };
}
