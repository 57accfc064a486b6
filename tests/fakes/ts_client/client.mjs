// An MCP client on the official TypeScript SDK, over streamable HTTP, for the tests.
//   node client.mjs '{"url": "http://127.0.0.1:8484/mcp", "bearer": "...", "era": "2026-07-28"}'
// `era` is a version to insist on, or "legacy" for the handshake era. Standard input takes one request of JSON a line:
//   {"method": "list"} | {"method": "call", "name": "...", "arguments": {...}}
// Standard output answers each with one line, {"result": ...} or {"error": "..."}, and tells of a URL elicitation
// meanwhile: {"elicitation": {"message": "...", "url": "..."}}. It is answered with accept at once: the person is asked
// by whoever reads that line. The process ends when its standard input closes.
import { createInterface } from 'node:readline';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { url, bearer, era } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const client = new Client(
  { name: 'evergrant-tests', version: '1' },
  {
    capabilities: { elicitation: { url: {} } },
    versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: era } },
  },
);
client.setRequestHandler('elicitation/create', ({ params }) => {
  say({ elicitation: { message: params.message, url: params.url } });
  return { action: 'accept' };
});

async function answer({ method, name, arguments: given }) {
  if (method === 'list') return (await client.listTools()).tools.map((tool) => tool.name);
  return client.callTool({ name, arguments: given });
}

const headers = { Authorization: `Bearer ${bearer}` };
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
say({ result: client.getNegotiatedProtocolVersion?.() ?? null });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say({ result: await answer(JSON.parse(line)) });
  } catch (error) {
    say({ error: String(error) });
  }
}
process.exit();
