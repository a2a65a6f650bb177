// The examples, by the name of their file, in the order in which to read them: what runs them and what tells of them
// goes by this list.

/** What each example shows, in a line. */
export const EXAMPLES: Readonly<Record<string, string>> = Object.freeze({
  quickstart: 'One episode, from the task to the question that finds it again',
  verbs: 'Every verb of a day in the order one meets them: begin, steps, end, hint, search, change, forget',
  errors: 'What can go wrong and what to do: codes, cancelling, two processes on one file, closing',
  'pattern-workflow': 'What many attempts teach: a confirmed pattern, kinds of task, a playbook, feedback on it',
  'embedding-providers':
    'Vectors by OpenAI, Ollama or Cohere, chosen by settings; what happens while the provider is away',
  configuration:
    'A program that reads the same settings as the server and the terminal program, and opens the same memory',
  turso: 'One memory for several machines on a libSQL database, and a replica of it',
  transfer: 'A memory to JSON lines and back, and what other tools recorded as episodes',
  watching: 'Figures, messages, and how far the background work is',
  'own-parts': 'An embedder, a reflector, a cache and a clock of your own',
  'custom-store': 'A store of your own: a text file, in `log-file-store.ts`, that passes the suite of the port',
  'mcp-client': 'The server as clients use it, over standard input and output and over HTTP',
  'code-mode': 'A program of somebody else thinks over the memory inside the sandbox',
});
