// The least that an MCP server of our SDK can be: one tool that does nothing. The floor of every call over stdio.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

serveStdio(() => {
  const server = new McpServer({ name: 'empty', version: '1.0.0' });
  server.registerTool('nothing', { description: 'Does nothing.' }, () => ({
    content: [{ type: 'text', text: 'done' }],
  }));
  return server;
});
