// The least that a server over our HTTP can be: one tool that does nothing. The floor of every call over HTTP.
import { createServices } from '@episodica/memory-mcp';
import { openHttpServer } from '@episodica/memory-mcp/http';
import { McpServer } from '@modelcontextprotocol/server';

const [, , token = ''] = process.argv;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const services = createServices({
  openBackend: () => Promise.reject(new Error('This server has no memory.')),
  logger: silent,
});
const { url } = await openHttpServer({
  host: '127.0.0.1',
  port: 0,
  token,
  services,
  createServer() {
    const server = new McpServer({ name: 'empty', version: '1.0.0' });
    server.registerTool('nothing', { description: 'Does nothing.' }, () => ({
      content: [{ type: 'text', text: 'done' }],
    }));
    return server;
  },
});
process.stderr.write(`listening on ${url};\n`);
