// Emulators of several services, for the tests.
//   node server.mjs '{"github": {"baseUrl": "https://github.com", "seed": {...}}, ...}'
// `baseUrl` is what addresses in answers begin with, `seed` what is there at the start; both as npm emulate has them.
// Standard output carries one line of JSON with the address of each, once all of them listen.
// The process ends when its standard input closes, so it cannot outlive the tests that started it.
import { once } from 'node:events';
import { Server } from 'node:net';

// The library writes notices to standard output, which here belongs to the ready line.
console.log = console.info = console.error;

// The library listens on every interface and offers no other way. What it serves lets anybody in, so that would open
// this machine to its network while the tests run.
const listening = [];
const { listen } = Server.prototype;
Server.prototype.listen = function (port) {
  listening.push(this);
  return listen.call(this, port, '127.0.0.1');
};

const { createEmulator } = await import('emulate');

async function start(service, { baseUrl, seed }) {
  await createEmulator({ service, baseUrl, seed: { [service]: seed }, port: 0 });
  const server = listening.pop();
  if (!server.listening) await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

const addresses = {};
for (const [service, given] of Object.entries(JSON.parse(process.argv[2]))) {
  addresses[service] = await start(service, given);
}
process.stdout.write(`${JSON.stringify(addresses)}\n`);
process.stdin.on('end', () => process.exit()).resume();
