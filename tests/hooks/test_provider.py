"""Airflow itself finds the types of connections, with their forms."""

import json
from importlib.resources import files

import jsonschema
import pytest
from airflow.providers_manager import ProvidersManager

from perennial.activation.destinations.registry import connector, kinds
from perennial.hooks.destinations import HOOKS
from perennial.hooks.provider import get_provider_info


def test_it_is_described_as_airflow_wants_it() -> None:
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


@pytest.mark.parametrize("kind", kinds())
def test_airflow_knows_the_type_its_hook_and_its_form(kind: str) -> None:
    manager = ProvidersManager()
    manager.initialize_providers_hooks()
    hook = manager.hooks[kind]
    assert hook is not None
    assert (hook.hook_name, hook.connection_type) == (connector(kind).declaration.title, kind)
    assert hook.hook_class_name.rpartition(".")[2] == HOOKS[kind].__name__
    form = connector(kind).declaration.connection.fields
    behaviour = manager.field_behaviours[kind]
    assert not {*form} & {*behaviour["hidden_fields"]}
    assert behaviour["relabeling"]["password"] == form["password"].label
    shown = {name for name in form if f"extra__{kind}__{name}" in manager.connection_form_widgets}
    assert shown == {name for name in form if name not in ("host", "port", "login", "password")}


def test_airflow_knows_the_form_of_sftp_servers() -> None:
    manager = ProvidersManager()
    manager.initialize_providers_hooks()
    hook = manager.hooks["sftp"]
    assert hook is not None
    assert hook.hook_class_name == "perennial.hooks.sftp.SftpHook"
    assert manager.connection_form_widgets["extra__sftp__private_key"].is_sensitive
    assert not manager.connection_form_widgets["extra__sftp__host_key"].is_sensitive


def test_secrets_among_the_extras_are_not_shown() -> None:
    manager = ProvidersManager()
    manager.initialize_providers_hooks()
    assert manager.connection_form_widgets["extra__customer_io__app_api_key"].is_sensitive
