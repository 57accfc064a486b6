// An authorization server and a small API behind it, for the tests.
//   node server.mjs '{"clients": [...], "scopes": [...], "lifetimes": {"AccessToken": 2, ...}}'
// `clients` are RFC 7591 client metadata; `lifetimes` are whole seconds per kind of artefact. `resource_scopes` are
// those of every resource that a client asks for (RFC 8707); tokens for one are JWTs (RFC 9068).
// Standard output carries one line of JSON with the endpoints, once the server listens on a free loopback port.
// The process ends when its standard input closes, so it cannot outlive the tests that started it.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

// The library writes notices to standard output, which here belongs to the ready line.
console.info = console.error;
const { Provider } = await import('oidc-provider');

const CONTACTS = [
  { id: '1', name: 'Anna Keller', email: 'anna.keller@example.org' },
  { id: '2', name: 'Bruno Rossi', email: 'bruno.rossi@example.org' },
  { id: '3', name: 'Chen Wei', email: 'chen.wei@example.org' },
];

// The library's own memory adapter forgets: it keeps 1,000 entries. This one keeps everything,
// expired records too, so every refusal comes from the library's checks and not from a missing record.
class Records {
  constructor() {
    this.byId = new Map();
    this.idOfUid = new Map();
    this.idsOfGrant = new Map();
  }

  async upsert(id, payload) {
    this.byId.set(id, payload);
    if (payload.uid) this.idOfUid.set(payload.uid, id);
    if (payload.grantId) {
      if (!this.idsOfGrant.has(payload.grantId)) this.idsOfGrant.set(payload.grantId, new Set());
      this.idsOfGrant.get(payload.grantId).add(id);
    }
  }

  async find(id) {
    return this.byId.get(id);
  }

  async findByUid(uid) {
    return this.byId.get(this.idOfUid.get(uid));
  }

  async consume(id) {
    this.byId.get(id).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.byId.delete(id);
  }

  async revokeByGrantId(grantId) {
    for (const id of this.idsOfGrant.get(grantId) ?? []) this.byId.delete(id);
    this.idsOfGrant.delete(grantId);
  }
}

function configuration({ clients, scopes, resource_scopes: scope, lifetimes }, records) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    adapter: (model) => records(model),
    clients,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clockTolerance: 0, // the default accepts a token for 15 seconds after its end
    cookies: { keys: [randomBytes(32).toString('hex')] },
    expiresWithSession: () => false,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId },
      ...(scope && {
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_ctx, audience) => (
            { scope, audience, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'ES256' } } }
          ),
        },
      }),
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId },
    },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes,
    ttl: { AuthorizationCode: 60, IdToken: 3600, Interaction: 600, Session: 86400, ...lifetimes },
  };
}

class Counts {
  token = {};

  api = {};

  addTokenRequest(grantType, status) {
    const byStatus = (this.token[grantType] ??= {});
    byStatus[status] = (byStatus[status] ?? 0) + 1;
  }

  addApiCall(status) {
    this.api[status] = (this.api[status] ?? 0) + 1;
  }
}

// RFC 6750 section 3: no error code when the request carried no token at all.
function refuse(ctx, bearer) {
  ctx.status = 401;
  ctx.set('WWW-Authenticate', bearer ? 'Bearer error="invalid_token"' : 'Bearer');
  ctx.body = { error: bearer ? 'invalid_token' : 'unauthorized' };
}

function api(provider, rows) {
  const routes = {
    'GET /api/me': (_ctx, token) => ({ sub: token.accountId, scope: token.scope }),
    'GET /api/contacts': (ctx) => {
      const query = (ctx.query.query ?? '').toLowerCase();
      return { contacts: CONTACTS.filter(({ name, email }) => `${name} ${email}`.toLowerCase().includes(query)) };
    },
    'POST /api/rows': async (ctx, token) => {
      rows.push({ sub: token.accountId, row: await json(ctx.req) });
      return { id: String(rows.length) };
    },
  };
  return async (ctx) => {
    const [, bearer] = /^Bearer (.+)$/i.exec(ctx.get('Authorization')) ?? [];
    const token = bearer && await provider.AccessToken.find(bearer);
    // A token whose grant ended is dead as well, as the library's own userinfo endpoint has it.
    if (!token || !await provider.Grant.find(token.grantId)) return refuse(ctx, bearer);
    const route = routes[`${ctx.method} ${ctx.path}`];
    if (route) ctx.body = await route(ctx, token);
  };
}

// What a person does on the provider's "connected apps" page, for every person at once.
async function revokeAll(provider, grants) {
  const ids = [...grants.byId.keys()];
  for (const id of ids) {
    await provider.AccessToken.revokeByGrantId(id);
    await provider.RefreshToken.revokeByGrantId(id);
    await provider.AuthorizationCode.revokeByGrantId(id);
    await grants.destroy(id);
  }
  return { revoked: ids.length };
}

function routesAround(provider, records) {
  const rows = [];
  const counts = new Counts();
  const protectedApi = api(provider, rows);
  return async (ctx, next) => {
    if (ctx.path.startsWith('/api/')) {
      await protectedApi(ctx);
      counts.addApiCall(ctx.status);
    } else if (ctx.method === 'GET' && ctx.path === '/counts') {
      ctx.body = { token: counts.token, api: counts.api, rows };
    } else if (ctx.method === 'POST' && ctx.path === '/admin/revoke-all') {
      ctx.body = await revokeAll(provider, records('Grant'));
    } else {
      await next();
      if (ctx.oidc?.route === 'token') counts.addTokenRequest(ctx.oidc.params?.grant_type ?? 'none', ctx.status);
    }
  };
}

function recordsPerModel() {
  const models = new Map();
  return (model) => {
    if (!models.has(model)) models.set(model, new Records());
    return models.get(model);
  };
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const records = recordsPerModel();
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration(JSON.parse(process.argv[2]), records));
  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.use(routesAround(provider, records));
  server.on('request', provider.callback());
  process.stdout.write(`${JSON.stringify({
    issuer,
    authorization_endpoint: provider.urlFor('authorization'),
    token_endpoint: provider.urlFor('token'),
    introspection_endpoint: provider.urlFor('introspection'),
    revocation_endpoint: provider.urlFor('revocation'),
  })}\n`);
});
process.stdin.on('end', () => process.exit()).resume();
