export { declarations } from './declarations.ts';
export type { CodeModeHostOptions } from './host.ts';
export { codeModeHost } from './host.ts';
export type { CodeModeBackend, CodeModeCall, CodeModeMethod, CodeModeParameter } from './method.ts';
export { type CodeModeRights, codeModeMethods } from './methods.ts';
