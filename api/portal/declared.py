"""What is wrong with the captive portals that a configuration declares, without opening any."""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterator, Mapping

from engine.config import Config, PortalConfig
from engine.errors import OperatorError, Problem
from engine.plan.fields import closest
from engine.plan.load import store_folders


def check_portals(config: Config, stores: Collection[str], environ: Mapping[str, str], file: str) -> None:
    """Raises OperatorError with every problem: stores that have no floor plan, variables and certificates that are not
    there. Portals of stores that another process serves are left out: their secrets are that process's."""
    problems: list[Problem] = []
    plans = {*stores, *store_folders(config.stores.floorplans_dir)}
    for at, portal in enumerate(config.portals):
        place = f"portals[{at}]"
        if portal.store not in plans:
            problems.append(
                Problem(file, f"{place}.store", f"no floor plan: {portal.store}", closest(portal.store, plans))
            )
        elif portal.store in stores:
            problems += _lacking(portal, place, environ, file)
    if problems:
        raise OperatorError(problems)


def _lacking(portal: PortalConfig, place: str, environ: Mapping[str, str], file: str) -> Iterator[Problem]:
    named = {"password_variable": portal.password_variable, "secret_variable": portal.secret_variable}
    for key, variable in named.items():
        if variable and not environ.get(variable):
            yield Problem(file, f"{place}.{key}", f"{variable} is not set", "set it in the environment")
    if portal.tls_ca_file is not None:
        try:
            ssl.create_default_context(cafile=portal.tls_ca_file)
        except OSError as error:
            reason = f"{portal.tls_ca_file} cannot be read: {error.strerror or error}"
            yield Problem(file, f"{place}.tls_ca_file", reason, "a certificate in PEM")
