"""Names of tools from other people's ids and paths."""

import pytest

from evergrant.lint.names import VERBS
from evergrant.making.document import Answer, Operation
from evergrant.making.naming import LONGEST, name_all


def operation(id_: str, title: str) -> Operation:
    method, _, path = title.partition(" ")
    return Operation(id_, method, path, "", "", (), None, Answer("json"))


def named(*operations: tuple[str, str]) -> list[str]:
    found = name_all("acme", [operation(*each) for each in operations])
    return [found[number].tool for number in range(len(operations))]


@pytest.mark.parametrize(
    ("id_", "title", "tool"),
    [
        ("getUserById", "GET /users/{id}", "acme_get_user_by_id"),
        ("repos/list-for-org", "GET /orgs/{org}/repos", "acme_list_repos_for_org"),
        ("tasks.insert", "POST /tasks", "acme_insert_tasks"),
        ("UsersController_findAll", "GET /users", "acme_find_users_all"),
        ("read_users_users__get", "GET /users", "acme_read_users"),
        ("comment_list", "GET /comments", "acme_list_comment"),
        ("spreadsheets.values.batchGet", "GET /values:batchGet", "acme_batch_get_spreadsheets_values"),
        ("fetchInvoice", "GET /invoices/{id}", "acme_get_invoice"),
        ("PostCustomersCustomer", "POST /v1/customers/{customer}", "acme_update_customer"),
        ("GetCustomers", "GET /v1/customers", "acme_list_customers"),
        ("", "GET /api/v2/users/{id}/posts", "acme_list_user_posts"),
        ("", "POST /users/{id}/archive", "acme_archive_user"),
        ("", "POST /search", "acme_search_records"),
        ("", "PUT /users/{id}/avatar", "acme_replace_user_avatar"),
        ("", "GET /", "acme_get_records"),
        ("получить", "DELETE /users/{id}", "acme_delete_user"),
    ],
)
def test_a_name_is_service_verb_object(id_: str, title: str, tool: str) -> None:
    assert named((id_, title)) == [tool]


def test_no_two_names_are_the_same() -> None:
    found = named(*[("getUser", f"GET /users/{{id{number}}}") for number in range(5)])
    assert len(set(found)) == 5
    assert all(len(name) <= LONGEST for name in found)


def test_a_long_name_is_cut_to_what_fits_and_begins_with_a_verb() -> None:
    (name,) = named(("listConfigurationsOfEnterpriseSecurityPoliciesForOrganizationMembers", "GET /x"))
    assert len(name) <= LONGEST
    assert name.split("_")[1] in VERBS


def test_the_services_own_name_before_all_ids_is_left_out() -> None:
    ids = [(f"garden.{each}.list", f"GET /{each}") for each in ("beds", "plants", "tools")]
    assert named(*ids) == ["acme_list_beds", "acme_list_plants", "acme_list_tools"]
