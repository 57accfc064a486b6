"""The files of a connector that begins empty: three tools that show how it is done, and what to fill in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from evergrant.making.files import Files, paths
from evergrant.making.kinds import AuthKind
from evergrant.making.yaml_text import IN_BLOCK, flow, scalar


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of the service before its files are there."""

    name: str
    title: str
    base_url: str
    auth: AuthKind
    today: date
    authorize_url: str = "https://login.example.com/oauth/authorize"
    token_url: str = "https://login.example.com/oauth/token"
    scopes: tuple[str, ...] = ("things.read", "things.write")
    header: str = "Authorization"
    prefix: str = "Bearer "
    query: str | None = None

    @property
    def docs(self) -> str:
        """A page of the service's own, until somebody writes down the right one."""
        scheme, _, rest = self.base_url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}/"


def scaffold(plan: Plan) -> Files:
    """The connector, its tools and their examples: all valid, and to be filled in."""
    connector, tools, examples = paths(plan.name)
    return Files(
        plan.name,
        {
            connector: _connector(plan),
            tools: _tools(plan),
            examples: _examples(plan),
        },
    )


def _connector(plan: Plan) -> str:
    rotation = "unknown" if plan.auth == "oauth2" else "never"
    about = scalar(f"Things of {plan.title}, which people make, find and change.", IN_BLOCK)
    return f"""\
# Written by `evergrant connectors new`. What each key means: docs/reference/connectors.md. Go from top to bottom, put
# the service's own facts in place of these, and run `evergrant tools lint` on this file.
name: {scalar(plan.title)}
description: {about}  # one sentence: what is in it
docs: {scalar(plan.docs)}  # the provider's reference
base_url: {scalar(plan.base_url)}  # where the paths of tools begin
# allow: [https://files.example.com/]  # where a credential may go; left out, it is base_url
{_SIGN_IN[plan.auth](plan)}grant:  # how long tokens live, as the provider's pages say; what an answer says overrules it
  rotation: {rotation}  # never, always or optional: what becomes of a refresh token
  # access_token_ttl_s: 3600
  source: {scalar(plan.docs)}  # the page that says so
  verified_on: "{plan.today.isoformat()}"  # when you read it
identity:  # whose credential it is
{_identity(plan)}errors:  # where an answer has its code and its words, and what the codes mean
{_TOKEN_ERRORS if plan.auth == "oauth2" else ""}  api:
    code: [/error/code, /code]
    message: [/error/message, /message]
    # rules:
    #   - {{class: ratelimit, status: 403, code: [quota_exceeded]}}
# limits: [{{calls: 100, per_s: 60, remaining: X-RateLimit-Remaining, reset: X-RateLimit-Reset}}]
"""


def _identity(plan: Plan) -> str:
    if plan.auth == "none":
        return '  subject: ["{account.person}"]\n  label: [/name]\n'
    return f"""\
  request: GET {plan.base_url}/me  # a call that any credential may make
  subject: [/id]  # what stays the same for a person
  label: [/email, /name]  # what people know them by
"""


_TOKEN_ERRORS = """\
  token:  # the token endpoint
    code: [/error]
    message: [/error_description]
    rules:
      - {class: terminal, code: [invalid_grant]}  # the grant is dead: only what is sure
      - {class: config, code: [invalid_client, unauthorized_client, invalid_scope]}
"""


def _oauth(plan: Plan) -> str:
    return f"""\
oauth:
  authorization_endpoint: {scalar(plan.authorize_url)}
  token_endpoint: {scalar(plan.token_url)}
  token_endpoint_auth_method: client_secret_post  # or client_secret_basic, or none
  scopes: {flow(list(plan.scopes))}  # all that your tools need, and no more
  # pkce: false  # only where the provider refuses it
  # revocation_endpoint: https://login.example.com/oauth/revoke
redirect:
  loopback: exact  # any_port, exact, or refused where only https is taken
registration:  # the guide to an OAuth client
  minutes: 5
  steps:
    - do: Register an OAuth client with the redirect URI {{redirect_uri}} and these scopes. {{scopes}}
      link: {scalar(plan.docs)}  # the very page
    - do: Copy its client ID and client secret.
  client_id: {{title: Client ID, pattern: '\\S+', looks_like: a word without spaces}}
  client_secret: {{title: Client secret, pattern: '\\S+', looks_like: a word without spaces}}
"""


def _api_key(plan: Plan) -> str:
    in_header = f"  header: {scalar(plan.header)}\n  prefix: {scalar(plan.prefix)}"
    where = f"  query: {scalar(plan.query)}" if plan.query else in_header
    return f"""\
auth:
  kind: api_key
{where}
  title: API key  # what the service calls it
  help: {scalar(plan.docs)}  # the page that makes it
  pattern: '\\S+'  # what it looks like: what is pasted is checked before it is sent
"""


def _basic(plan: Plan) -> str:
    return f"""\
account:
  email: {{from: user, title: {scalar(f"E-mail address at {plan.title}")}, pattern: '[^@\\s]+@[^@\\s]+'}}
auth:
  kind: basic
  username: "{{account.email}}"  # left out, the secret itself is the user name
  title: API token  # the password
  help: {scalar(plan.docs)}  # the page that makes it
  pattern: '\\S+'
"""


def _none(_: Plan) -> str:
    return """\
auth: {kind: none}
account:
  person: {from: user, title: What you call this account, pattern: '[^\\s].{0,99}', default: me}
"""


_SIGN_IN = {"oauth2": _oauth, "api_key": _api_key, "basic": _basic, "none": _none}


def _tools(plan: Plan) -> str:
    name, read, write = plan.name, _scopes(plan, 0), _scopes(plan, -1)
    return f"""\
# One tool for each thing that people do. A description says what it does and on what, when to use it, and what to use
# instead, for a model that has to choose among hundreds. Add, rename and take away.
{name}_list_things:
  description: >-
    List the things of {plan.title}, newest first, or only those in one state. Use it to find a thing's id; use
    {name}_get_thing when the id is known.
  request: GET /things
  effect: read
{read}  input:
    state: {{type: string, enum: [open, closed], default: open, description: Which ones.}}
  items: /things  # where the list is in the answer
  # How the next page is asked for: by cursor, page, offset, link or url. The tool then takes limit and cursor.
  pages: {{by: cursor, next: /next_cursor, parameter: cursor, size: limit, most: 100}}
  shape: {{id: /id, title: /title, state: /state, people: /people/*/name}}  # what a model needs of each
  example: {{state: open}}

{name}_get_thing:
  description: >-
    Get one thing of {plan.title} with all that it holds, its text included. Use it when the id is known; use
    {name}_list_things to find one.
  request: GET /things/{{thing_id}}
  effect: read
{read}  input:
    thing_id: &thing {{type: string, description: Id from {name}_list_things.}}
  required: [thing_id]
  shape: {{id: /id, title: /title, state: /state, text: /text, url: /url}}
  example: {{thing_id: t_1}}

{name}_create_thing:
  description: >-
    Create a thing in {plan.title} and return its id and address. Use it for a new one; use {name}_list_things first
    where it may be there already. Every call makes another.
  request: POST /things
  effect: write  # read, write or destroy: whoever confirms calls goes by it
{write}  input:
    title: {{type: string, minLength: 1, maxLength: 200, description: What it is called.}}
    text: {{type: string, description: What is to be known of it.}}
  required: [title]
  # body: {{thing: {{title: $title, text: $text}}}}  # where the service wants another form than the inputs have
  shape: {{id: /id, url: /url}}
  detailed: false
  example: {{title: Order paper}}
"""


def _scopes(plan: Plan, which: int) -> str:
    return f"  scopes: {flow([plan.scopes[which]])}\n" if plan.auth == "oauth2" and plan.scopes else ""


def _examples(plan: Plan) -> str:
    name, url = plan.name, plan.base_url
    account = _EXAMPLE_ACCOUNT.get(plan.auth, "")
    return f"""\
# What each tool must send, and what it makes of an answer. Put the service's own answers in place of these.
{name}_list_things:
  - request: {{method: GET, url: "{url}/things?state=open&limit=20"}}
{account}    answer: {{status: 200, json: {{things: [{{id: t_1, title: Order paper, state: open}}]}}}}
    outcome: {{code: result, data: {{items: [{{id: t_1, title: Order paper, state: open}}]}}}}

{name}_get_thing:
  - request: {{method: GET, url: "{url}/things/t_1"}}
{account}    answer: {{status: 200, json: {{id: t_1, title: Order paper, state: open, text: A4}}}}
    outcome: {{code: result, data: {{id: t_1, title: Order paper, state: open, text: A4}}}}

{name}_create_thing:
  - request: {{method: POST, url: "{url}/things", json: {{title: Order paper}}}}
{account}    answer: {{status: 201, json: {{id: t_2}}}}
    outcome: {{code: result, data: {{id: t_2}}}}

errors:
{_TOKEN_EXAMPLES if plan.auth == "oauth2" else ""}  api:
    - {{answer: {{status: 429, json: {{}}}}, class: ratelimit}}
"""


_TOKEN_EXAMPLES = """\
  token:
    - {answer: {status: 400, json: {error: invalid_grant}}, class: terminal}
    - {answer: {status: 401, json: {error: invalid_client}}, class: config}
"""
_EXAMPLE_ACCOUNT: Mapping[str, str] = {
    "basic": "    account: {email: ada@example.com}\n",
    "none": "    account: {person: me}\n",
}
