"""GitHub's tools at work on a GitHub that somebody else wrote: issues, and a change on its way into the main branch."""

import pytest
from tests.fakes.emulated import Agent, Emulated, pick, rows

from evergrant.model.json import Json, at
from evergrant.model.outcome import ProviderError

pytestmark = pytest.mark.anyio
NOTES: dict[str, Json] = {"owner": "anna", "repo": "notes"}
PAGES: dict[str, Json] = {"owner": "anna", "repo": "pages"}
SITE: dict[str, Json] = {"owner": "anna", "repo": "site"}
SHA = 40


@pytest.fixture(scope="module")
async def ben(world: Emulated) -> Agent:
    return await world.connect("github", "ben")


async def test_an_issue_is_found_discussed_changed_and_closed(github: Agent, ben: Agent) -> None:
    made = await github.does("github_create_issue", **NOTES, title="Blank page", body="On *start*.", labels=["bug"])
    number = at(made, "/number")
    assert made == {"number": number, "title": "Blank page", "url": f"https://github.com/anna/notes/issues/{number}"}
    issue: dict[str, Json] = {**NOTES, "issue_number": number}
    await ben.does("github_comment_issue", **issue, body="I see it too.")

    whole = await github.does("github_get_issue", **issue)
    assert pick(whole, "author", "text", "labels", "comment_count") == ["anna", "On *start*.", ["bug"], 1]
    assert pick(whole, "comments/0/author", "comments/0/text") == ["ben", "I see it too."]
    listed = await github.does("github_list_issues", **NOTES, labels=["bug"])
    found = await github.does("github_search_issues", query="blank is:open", repository="anna/notes")
    assert at(listed, "/items/0/number") == at(found, "/items/0/number") == number
    assert at(found, "/total") == 1

    changed = await github.does("github_update_issue", **issue, title="Blank start page", assignees=["anna"])
    assert pick(changed, "title", "state") == ["Blank start page", "open"]
    await github.does("github_update_issue", **issue, state="closed", state_reason="not_planned")
    whole = await github.does("github_get_issue", **issue, with_comments=False)
    assert pick(whole, "title", "state", "reason") == ["Blank start page", "closed", "not_planned"]
    assert pick(whole, "assignees", "text", "comments") == [["anna"], "On *start*.", None]
    assert rows(await github.does("github_list_issues", **NOTES)) == []


async def test_a_long_list_comes_page_by_page(github: Agent) -> None:
    for number in range(1, 6):
        await github.does("github_create_issue", **SITE, title=f"Matter {number}")
    first = await github.does("github_list_issues", **SITE, limit=2)
    second = await github.does("github_list_issues", **SITE, limit=2, cursor=at(first, "/next_cursor"))
    third = await github.does("github_list_issues", **SITE, limit=2, cursor=at(second, "/next_cursor"))
    titles = [at(row, "/title") for page in (first, second, third) for row in rows(page)]
    assert titles == [f"Matter {number}" for number in range(5, 0, -1)]
    assert at(third, "/next_cursor") is None


async def test_files_are_pushed_and_found(github: Agent) -> None:
    files: list[Json] = [
        {"path": "src/main.go", "text": "// größer"},
        {"path": "run", "text": "#!", "executable": True},
    ]
    pushed = await github.does("github_push_files", **PAGES, branch="main", message="Begin", files=files)
    commit = at(pushed, "/commit")
    assert pushed == {"branch": "refs/heads/main", "commit": commit}
    branches = rows(await github.does("github_list_branches", **PAGES))
    assert branches == [{"name": "main", "commit": commit, "protected": False}]
    found = await github.does("github_search_code", query="größer", repository="anna/pages")
    assert at(found, "/total") == 1
    assert pick(found, "items/0/path", "items/0/repository") == ["src/main.go", "anna/pages"]
    tree = at(await github.does("github_request", path=f"/repos/anna/pages/git/commits/{commit}"), "/tree/sha")
    path: dict[str, Json] = {"path": f"/repos/anna/pages/git/trees/{tree}", "query": {"recursive": "1"}}
    entries = at(await github.does("github_request", **path), "/tree")
    assert isinstance(entries, list)
    modes = {at(each, "/path"): at(each, "/mode") for each in entries if at(each, "/type") == "blob"}
    assert modes == {"src/main.go": "100644", "run": "100755", "README.md": "100644"}
    missing = await github.fails("github_push_files", **PAGES, branch="nowhere", message="Begin", files=files)
    assert "github_list_branches" in missing.what_happened


async def test_a_pull_request_is_opened_reviewed_and_merged(github: Agent, ben: Agent) -> None:
    main = at(await github.does("github_list_branches", **NOTES), "/items/0/commit")
    refs = "https://api.github.com/repos/anna/notes/git/refs"
    await github.by_hand("POST", refs, {"ref": "refs/heads/ben/notes", "sha": main})
    files = [{"path": "NOTES.md", "text": "# Notes\n"}]
    pushed = await github.does("github_push_files", **NOTES, branch="ben/notes", message="Begin", files=files)

    made = await github.does("github_create_pull_request", **NOTES, title="Notes", head="ben/notes", body="New.")
    pull: dict[str, Json] = {**NOTES, "pull_number": at(made, "/number")}
    assert pick(made, "title", "state") == ["Notes", "open"]
    changed = await github.does("github_update_pull_request", **pull, title="Begin notes", reviewers=["ben"])
    assert at(changed, "/title") == "Begin notes"
    [listed] = rows(await github.does("github_list_pull_requests", **NOTES, head="anna:ben/notes"))
    assert pick(listed, "title", "draft", "author", "reviewers") == ["Begin notes", False, "anna", ["ben"]]
    assert pick(listed, "head", "base") == ["anna:ben/notes", "main"]

    review = await ben.does("github_review_pull_request", **pull, verdict="approve", body="Good.")
    assert at(review, "/state") == "APPROVED"
    whole = await github.does("github_get_pull_request", **pull, include=["files"])
    assert pick(whole, "text", "mergeable", "head_sha") == ["New.", True, at(pushed, "/commit")]
    stale = await github.fails("github_merge_pull_request", **pull, sha="0" * SHA)
    assert stale.provider_message == "Head sha is out of date"
    merged = await github.does("github_merge_pull_request", **pull, sha=at(whole, "/head_sha"), merge_method="squash")
    assert at(merged, "/merged") is True
    assert at(await github.does("github_get_pull_request", **pull), "/merged") is True
    branches = rows(await github.does("github_list_branches", **NOTES))
    assert {at(row, "/name"): at(row, "/commit") for row in branches}["main"] == at(merged, "/commit")


async def test_people_repositories_and_runs_are_looked_up(github: Agent) -> None:
    me = await github.does("github_get_me")
    assert me == {"login": "anna", "name": "Anna Keller", "url": "https://github.com/anna"}
    search: dict[str, Json] = {"query": "user:anna", "limit": 2}
    first = await github.does("github_search_repositories", **search)
    second = await github.does("github_search_repositories", **search, cursor=at(first, "/next_cursor"))
    assert pick(first, "total", "items/0/language") == [3, "Go"]
    names = [str(at(row, "/name")) for page in (first, second) for row in rows(page)]
    assert sorted(names) == ["anna/notes", "anna/pages", "anna/site"]
    one = await github.does("github_get_repository", **NOTES)
    assert pick(one, "name", "default_branch", "visibility") == ["anna/notes", "main", "public"]
    assert at(one, "/permissions/push") is True
    assert await github.does("github_list_workflow_runs", **NOTES) == {"items": [], "total": 0}


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("github_get_issue", {**NOTES, "issue_number": 99}),
        ("github_comment_issue", {**NOTES, "issue_number": 99, "body": "Hello?"}),
        ("github_update_issue", {**NOTES, "issue_number": 99, "state": "closed"}),
        ("github_get_pull_request", {**NOTES, "pull_number": 99}),
        ("github_merge_pull_request", {**NOTES, "pull_number": 99}),
        ("github_get_repository", {"owner": "anna", "repo": "nothing"}),
    ],
)
async def test_what_is_not_there_is_said_as_github_says_it(github: Agent, tool: str, given: dict[str, Json]) -> None:
    failure = await github.fails(tool, **given)
    assert isinstance(failure, ProviderError)
    assert (failure.status, failure.provider_message, failure.account) == (404, "Not Found", github.account.id)
