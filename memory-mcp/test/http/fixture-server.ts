// What the scenarios of the conformance suite ask a server for, so that our transport is put through all of them: their
// tools, resources and prompts say nothing of a memory.
import { setTimeout as pause } from 'node:timers/promises';
import {
  type CallToolResult,
  type ContentBlock,
  type ElicitRequestFormParams,
  type PromptMessage,
  ResourceNotFoundError,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAESsAACJWAAACABAAZGF0YQAAAAA=';

const text = (said: string): ContentBlock => ({ type: 'text', text: said });
const image: ContentBlock = { type: 'image', data: PIXEL, mimeType: 'image/png' };

interface FixtureTool {
  readonly description: string;
  readonly properties?: Record<string, Record<string, string>>;
  run(given: Record<string, unknown>, context: ServerContext): Promise<readonly ContentBlock[]>;
}

const returning = (description: string, ...content: readonly ContentBlock[]): FixtureTool => ({
  description,
  run: async () => content,
});

type Asked = ElicitRequestFormParams['requestedSchema'];

const asking = (description: string, properties: Asked['properties'], message = 'Please answer'): FixtureTool => ({
  description,
  async run(given, { mcpReq }) {
    const told = typeof given.message === 'string' ? given.message : message;
    // Over the stream of the call: that for all else may not be open yet.
    const params = { message: told, requestedSchema: { type: 'object', properties } };
    const answer = await mcpReq.send({ method: 'elicitation/create', params });
    return [text(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content)}`)];
  },
});

const TOOLS: Readonly<Record<string, FixtureTool>> = {
  test_simple_text: returning('Answers a text', text('This is a simple text response for testing.')),
  test_image_content: returning('Answers an image', image),
  test_audio_content: returning('Answers a sound', { type: 'audio', data: SILENCE, mimeType: 'audio/wav' }),
  test_embedded_resource: returning('Answers a resource', {
    type: 'resource',
    resource: {
      uri: 'test://embedded-resource',
      mimeType: 'text/plain',
      text: 'This is an embedded resource content.',
    },
  }),
  test_multiple_content_types: returning('Answers three kinds', text('Multiple content types test:'), image, {
    type: 'resource',
    resource: {
      uri: 'test://mixed-content-resource',
      mimeType: 'application/json',
      text: '{"test":"data","value":123}',
    },
  }),
  test_tool_with_logging: {
    description: 'Logs while it works',
    async run(_given, { mcpReq }) {
      for (const said of ['started', 'processing data', 'completed']) {
        await mcpReq.log('info', `Tool execution ${said}`);
        await pause(50);
      }
      return [text('Logged three lines.')];
    },
  },
  test_tool_with_progress: {
    description: 'Tells how far it is',
    async run(_given, { mcpReq }) {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        const params = { progressToken, progress, total: 100 };
        if (progressToken !== undefined) await mcpReq.notify({ method: 'notifications/progress', params });
        await pause(50);
      }
      return [text('Told its progress.')];
    },
  },
  test_error_handling: {
    description: 'Fails',
    run: () => Promise.reject(new Error('This tool intentionally returns an error for testing')),
  },
  test_sampling: {
    description: 'Asks the model of the client',
    properties: { prompt: { type: 'string' } },
    async run({ prompt }, { mcpReq }) {
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: String(prompt) } }];
      const params = { messages, maxTokens: 100 };
      const { content } = await mcpReq.send({ method: 'sampling/createMessage', params });
      return [text(`LLM response: ${JSON.stringify(content)}`)];
    },
  },
  test_elicitation: {
    ...asking('Asks the user', { username: { type: 'string' }, email: { type: 'string' } }),
    properties: { message: { type: 'string' } },
  },
  test_elicitation_sep1034_defaults: asking('Asks with defaults', {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  }),
  test_elicitation_sep1330_enums: asking('Asks for one of several', {
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: {
      type: 'string',
      oneOf: [
        { const: 'value1', title: 'First Option' },
        { const: 'value2', title: 'Second Option' },
      ],
    },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2'], enumNames: ['Option One', 'Option Two'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: {
      type: 'array',
      items: {
        anyOf: [
          { const: 'value1', title: 'First Choice' },
          { const: 'value2', title: 'Second Choice' },
        ],
      },
    },
  }),
  test_reconnection: {
    description: 'Closes the stream before it answers',
    async run(_given, { http }) {
      http?.closeSSE?.();
      await pause(100);
      return [text('Reconnection test completed successfully')];
    },
  },
};

const SCHEMA_2020_12 = {
  name: 'json_schema_2020_12_tool',
  description: 'Tool with JSON Schema 2020-12 features',
  inputSchema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object' as const,
    $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
    properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
    additionalProperties: false,
  },
};

type FixtureResource = { readonly mimeType: string } & ({ readonly text: string } | { readonly blob: string });

const RESOURCES: Readonly<Record<string, FixtureResource>> = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PIXEL },
  'test://watched-resource': { mimeType: 'text/plain', text: 'This one is watched.' },
};

interface FixturePrompt {
  readonly arguments?: readonly string[];
  messages(given: Record<string, string>): PromptMessage[];
}

const user = (content: PromptMessage['content']): PromptMessage => ({ role: 'user', content });

const PROMPTS: Readonly<Record<string, FixturePrompt>> = {
  test_simple_prompt: { messages: () => [user(text('This is a simple prompt for testing.'))] },
  test_prompt_with_arguments: {
    arguments: ['arg1', 'arg2'],
    messages: ({ arg1, arg2 }) => [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  },
  test_prompt_with_embedded_resource: {
    arguments: ['resourceUri'],
    messages: ({ resourceUri: uri = '' }) => [
      user({ type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content.' } }),
      user(text('Please process the embedded resource above.')),
    ],
  },
  test_prompt_with_image: { messages: () => [user(image), user(text('Please analyze the image above.'))] },
};

/** A server of all that, for one client. */
export function fixtureServer(): Server {
  const server = new Server(
    { name: 'fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true },
        prompts: {},
        completions: {},
        logging: {},
      },
    },
  );
  serveTools(server);
  serveResources(server);
  servePrompts(server);
  return server;
}

function serveTools(server: Server): void {
  const listed = Object.entries(TOOLS).map(([name, { description, properties = {} }]) => ({
    name,
    description,
    inputSchema: { type: 'object' as const, properties },
  }));
  server.setRequestHandler('tools/list', () => ({ tools: [...listed, SCHEMA_2020_12] }));
  server.setRequestHandler('tools/call', async ({ params }, context): Promise<CallToolResult> => {
    try {
      const content = await TOOLS[params.name]?.run(params.arguments ?? {}, context);
      return { content: [...(content ?? [])], isError: content === undefined };
    } catch (error) {
      return { content: [text(String(error))], isError: true };
    }
  });
}

function serveResources(server: Server): void {
  const listed = Object.entries(RESOURCES).map(([uri, { mimeType }]) => ({ uri, name: uri, mimeType }));
  server.setRequestHandler('resources/list', () => ({ resources: listed }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template' }],
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const [, id] = /^test:\/\/template\/([^/]+)\/data$/u.exec(uri) ?? [];
    const found = RESOURCES[uri];
    if (id !== undefined) return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id }) }] };
    if (found === undefined) throw new ResourceNotFoundError(uri, `There is no ${uri}.`);
    return { contents: [{ uri, ...found }] };
  });
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
}

function servePrompts(server: Server): void {
  const listed = Object.entries(PROMPTS).map(([name, prompt]) => ({
    name,
    description: name,
    arguments: (prompt.arguments ?? []).map((argument) => ({ name: argument, required: true })),
  }));
  server.setRequestHandler('prompts/list', () => ({ prompts: listed }));
  server.setRequestHandler('prompts/get', ({ params }) => ({
    messages: PROMPTS[params.name]?.messages(params.arguments ?? {}) ?? [],
  }));
  server.setRequestHandler('completion/complete', ({ params }) => {
    const values = ['paris', 'park', 'test'].filter((value) => value.startsWith(params.argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
}
