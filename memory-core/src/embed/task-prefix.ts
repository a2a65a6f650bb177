// Words in front of a text by which some models are told what it is for. They were trained with them and are worse
// without; others don't know them.

export interface TaskPrefix {
  readonly document: string;
  readonly query: string;
}

const SEARCHING_QUERY = { document: '', query: 'Represent this sentence for searching relevant passages: ' };

/**
 * Families of models by their names, the narrower one first. Source: the card of each model. Other words make other
 * vectors: where some change, the embedders of that family need another name.
 */
const FAMILIES: readonly (readonly [RegExp, TaskPrefix])[] = [
  [/nomic-embed-text/iu, { document: 'search_document: ', query: 'search_query: ' }],
  [/embeddinggemma/iu, { document: 'title: none | text: ', query: 'task: search result | query: ' }],
  [/arctic-embed2|arctic-embed-[a-z]-v2/iu, { document: '', query: 'query: ' }],
  [/arctic-embed|mxbai-embed-large|bge-(?:small|base|large)-en/iu, SEARCHING_QUERY],
  [/(?:^|[/-])e5-(?:small|base|large)/iu, { document: 'passage: ', query: 'query: ' }],
];

/** What goes in front of each text for this model; nothing for most. */
export function taskPrefix(model: string): TaskPrefix {
  return FAMILIES.find(([family]) => family.test(model))?.[1] ?? { document: '', query: '' };
}
